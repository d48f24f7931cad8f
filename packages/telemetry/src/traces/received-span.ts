import type { Span, SpanEvent } from '../contract/trace.ts';

/** A span as it came in; its place in the trace is computed when the trace is read. */
export interface ReceivedSpan extends Omit<Span, 'depth'> {
  readonly traceId: string;
}

/** Bounds of one span; what is over is counted in `dropped`. */
export const spanBounds = {
  maxAttributes: 64,
  maxEvents: 32,
  /** Of names and values; longer ones are cut. */
  maxCharacters: 4096,
} as const;

const cut = (text: string): string =>
  text.length > spanBounds.maxCharacters ? `${text.slice(0, spanBounds.maxCharacters)}…` : text;

/** What readers of formats fill in; everything is checked and bounded here. */
export interface SpanFields {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: Span['kind'];
  readonly service: string;
  readonly startUs: number;
  readonly durationUs: number;
  readonly status: Span['status'];
  readonly statusMessage: string;
  readonly attributes: Iterable<readonly [string, string]>;
  readonly events: readonly {
    readonly timeUs: number;
    readonly name: string;
    readonly attributes: Iterable<readonly [string, string]>;
  }[];
}

const bounded = (
  pairs: Iterable<readonly [string, string]>,
): { readonly attributes: Readonly<Record<string, string>>; readonly dropped: number } => {
  const attributes = Object.create(null) as Record<string, string>;
  let kept = 0;
  let dropped = 0;
  for (const [name, value] of pairs) {
    if (kept >= spanBounds.maxAttributes && !(name in attributes)) dropped++;
    else {
      kept++;
      attributes[cut(name)] = cut(value);
    }
  }
  return { attributes, dropped };
};

const hexId = /^[0-9a-f]+$/;
const noId = /^0+$/;

/** 32 and 16 lower-case hex digits; shorter ids (64-bit B3 traces) get zeros in front. Undefined: no id. */
export const normalId = (text: string, digits: 16 | 32): string | undefined => {
  const lower = text.toLowerCase();
  if (lower.length === 0 || lower.length > digits || !hexId.test(lower) || noId.test(lower)) {
    return undefined;
  }
  return lower.padStart(digits, '0');
};

const finite = (value: number): number => (Number.isFinite(value) && value > 0 ? value : 0);

/** A span of checked and bounded fields; undefined when its ids are none. */
export const receivedSpan = (fields: SpanFields): ReceivedSpan | undefined => {
  const traceId = normalId(fields.traceId, 32);
  const spanId = normalId(fields.spanId, 16);
  if (traceId === undefined || spanId === undefined) return undefined;
  const { attributes, dropped } = bounded(fields.attributes);
  const events = fields.events.slice(0, spanBounds.maxEvents).map(
    (event): SpanEvent => ({
      timeUs: finite(event.timeUs),
      name: cut(event.name),
      attributes: bounded(event.attributes).attributes,
    }),
  );
  return {
    traceId,
    spanId,
    parentSpanId: normalId(fields.parentSpanId, 16) ?? '',
    name: cut(fields.name),
    kind: fields.kind,
    service: cut(fields.service) || 'unknown',
    startUs: finite(fields.startUs),
    durationUs: finite(fields.durationUs),
    status: fields.status,
    statusMessage: cut(fields.statusMessage),
    attributes,
    events,
    dropped: dropped + fields.events.length - events.length,
  };
};
