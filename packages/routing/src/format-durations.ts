import type { FormatContext, Operator } from './format-context.ts';

/** Milliseconds from the start of a request to a point of its life; undefined: it never got there. */
type TimePoint = (context: FormatContext) => number | undefined;

/** Envoy's points of time that this proxy takes down. Others are known by name and never reached. */
const points: Readonly<Record<string, TimePoint>> = {
  DS_RX_BEG: () => 0,
  DS_RX_END: (c) => c.requestDurationMs,
  US_CX_BEG: () => undefined,
  US_CX_END: () => undefined,
  US_HS_END: () => undefined,
  US_TX_BEG: () => undefined,
  US_TX_END: () => undefined,
  US_RX_BEG: (c) => c.responseDurationMs,
  US_RX_BODY_BEG: () => undefined,
  US_RX_END: () => undefined,
  DS_TX_BEG: (c) => c.responseDurationMs,
  DS_TX_END: (c) => c.durationMs,
};

const factors: Readonly<Record<string, number>> = { '': 1, ms: 1, us: 1000, ns: 1_000_000 };

/** `COMMON_DURATION(START:END:PRECISION)`; precision is `ms`, `us` or `ns`, default `ms`. */
export const durationOperator = (argument: string): Operator | undefined => {
  const [start = '', end = '', precision = ''] = argument.split(':');
  const from = Object.hasOwn(points, start) ? points[start] : undefined;
  const to = Object.hasOwn(points, end) ? points[end] : undefined;
  const factor = Object.hasOwn(factors, precision) ? factors[precision] : undefined;
  if (from === undefined || to === undefined || factor === undefined) return undefined;
  return (c) => {
    const startMs = from(c);
    const endMs = to(c);
    if (startMs === undefined || endMs === undefined || endMs < startMs) return undefined;
    return (endMs - startMs) * factor;
  };
};
