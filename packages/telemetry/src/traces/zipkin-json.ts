import type { Span } from '../contract/trace.ts';
import { type ReceivedSpan, receivedSpan } from './received-span.ts';

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

const kinds: Readonly<Record<string, Span['kind']>> = {
  CLIENT: 'client',
  SERVER: 'server',
  PRODUCER: 'producer',
  CONSUMER: 'consumer',
};

const pairsOf = (tags: Fields): (readonly [string, string])[] =>
  Object.entries(tags).map(([name, value]) => [name, String(value)]);

/**
 * Client and server halves of a shared span (B3 as Envoy and old Zipkin clients write it) have one id: the server's
 * becomes a child of the client's, so that both are seen.
 */
const sharedId = (id: string): string =>
  id.slice(0, -1) + (Number.parseInt(id.slice(-1) || '0', 16) ^ 8).toString(16);

const idsOf = (span: Fields): { readonly spanId: string; readonly parentSpanId: string } => {
  const id = textOf(span['id']);
  return span['shared'] === true && span['kind'] === 'SERVER'
    ? { spanId: sharedId(id), parentSpanId: id }
    : { spanId: id, parentSpanId: textOf(span['parentId']) };
};

const spanOf = (value: unknown): ReceivedSpan | undefined => {
  const span = fieldsOf(value);
  const tags = fieldsOf(span['tags']);
  const error = tags['error'];
  const annotations = Array.isArray(span['annotations']) ? span['annotations'] : [];
  return receivedSpan({
    traceId: textOf(span['traceId']),
    ...idsOf(span),
    name: textOf(span['name']),
    kind: kinds[textOf(span['kind'])] ?? 'internal',
    service: textOf(fieldsOf(span['localEndpoint'])['serviceName']),
    startUs: numberOf(span['timestamp']),
    durationUs: numberOf(span['duration']),
    status: error === undefined || error === 'false' ? 'unset' : 'error',
    statusMessage: textOf(error) === 'true' ? '' : textOf(error),
    attributes: pairsOf(tags),
    events: annotations.map((one: unknown) => ({
      timeUs: numberOf(fieldsOf(one)['timestamp']),
      name: textOf(fieldsOf(one)['value']),
      attributes: [],
    })),
  });
};

/** Spans of a Zipkin v2 JSON list (`POST /api/v2/spans`), with how many could not be used. */
export const parseZipkin = (
  body: unknown,
): { readonly spans: readonly ReceivedSpan[]; readonly rejected: number } => {
  const read = (Array.isArray(body) ? body : []).map(spanOf);
  const spans = read.filter((span) => span !== undefined);
  return { spans, rejected: read.length - spans.length };
};
