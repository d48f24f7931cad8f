import type { Span } from '../contract/trace.ts';
import { type ReceivedSpan, receivedSpan } from './received-span.ts';

/** `opentelemetry.proto.trace.v1.Span` as both encodings are read. Times are nanoseconds since the epoch. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: readonly (readonly [string, string])[];
  readonly events: readonly {
    readonly timeNs: bigint;
    readonly name: string;
    readonly attributes: readonly (readonly [string, string])[];
  }[];
  /** Status.StatusCode: 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
}

const kinds: readonly Span['kind'][] = [
  ...(['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const),
];
const statuses: readonly Span['status'][] = ['unset', 'ok', 'error'];

const microseconds = (ns: bigint): number => Number(ns / 1000n);

/** A span with the attributes of its resource. */
export const fromOtlp = (
  span: OtlpSpan,
  resource: readonly (readonly [string, string])[],
): ReceivedSpan | undefined =>
  receivedSpan({
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: kinds[span.kind] ?? 'internal',
    service: resource.find(([name]) => name === 'service.name')?.[1] ?? '',
    startUs: microseconds(span.startNs),
    durationUs: Number(span.endNs - span.startNs) / 1000,
    status: statuses[span.statusCode] ?? 'unset',
    statusMessage: span.statusMessage,
    attributes: [...span.attributes, ...resource],
    events: span.events.map(({ timeNs, name, attributes }) => ({
      timeUs: microseconds(timeNs),
      name,
      attributes,
    })),
  });
