import type { FormatContext, Operator } from './format-context.ts';

/** Milliseconds from the start of a request to a point of its life; undefined: it never got there. */
type TimePoint = (context: FormatContext) => number | undefined;

/**
 * Envoy's points of time that this proxy takes down. Others are its own that are not, or names that
 * somebody else's filters make up: they are never reached.
 */
const points: Readonly<Record<string, TimePoint>> = {
  DS_RX_BEG: () => 0,
  DS_CX_BEG: () => 0,
  DS_RX_END: (c) => c.requestDurationMs,
  US_RX_BEG: (c) => c.responseDurationMs,
  DS_TX_BEG: (c) => c.responseDurationMs,
  DS_TX_END: (c) => c.durationMs,
  DS_CX_END: (c) => c.durationMs,
};

const never: TimePoint = () => undefined;

const factors: Readonly<Record<string, number>> = { '': 1, ms: 1, us: 1000, ns: 1_000_000 };

/** `COMMON_DURATION(START:END:PRECISION)`; precision is `ms`, `us` or `ns`, default `ms`. */
export const durationOperator = (argument: string): Operator | undefined => {
  const [start = '', end = '', precision = ''] = argument.split(':');
  const factor = Object.hasOwn(factors, precision) ? factors[precision] : undefined;
  if (start === '' || end === '' || factor === undefined) return undefined;
  const from = (Object.hasOwn(points, start) ? points[start] : undefined) ?? never;
  const to = (Object.hasOwn(points, end) ? points[end] : undefined) ?? never;
  return (c) => {
    const startMs = from(c);
    const endMs = to(c);
    if (startMs === undefined || endMs === undefined || endMs < startMs) return undefined;
    return (endMs - startMs) * factor;
  };
};
