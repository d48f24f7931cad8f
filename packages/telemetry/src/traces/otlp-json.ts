import { fromOtlp, type OtlpSpan } from './otlp-span.ts';
import type { ReceivedSpan } from './received-span.ts';

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** 64-bit numbers are texts in protobuf JSON; some senders write numbers. */
const bigintOf = (value: unknown): bigint => {
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.trunc(value));
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : 0n;
};

/** Enums are numbers in OTLP; names are read too. */
const enumOf = (value: unknown, names: readonly string[]): number => {
  if (typeof value === 'number') return value;
  return Math.max(0, names.indexOf(textOf(value)));
};

const spanKinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (name) => `SPAN_KIND_${name}`,
);
const statusCodes = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);

/** `AnyValue` as text; lists and maps as JSON. */
const valueText = (value: unknown): string => {
  const fields = fieldsOf(value);
  const [[kind, inner] = ['', '']] = Object.entries(fields);
  if (kind === 'arrayValue' || kind === 'kvlistValue') return JSON.stringify(inner);
  return typeof inner === 'object' ? JSON.stringify(inner) : String(inner);
};

const attributesOf = (value: unknown): readonly (readonly [string, string])[] =>
  listOf(value).map((one) => {
    const { key, value: inner } = fieldsOf(one);
    return [textOf(key), valueText(inner)];
  });

const spanOf = (value: unknown): OtlpSpan => {
  const span = fieldsOf(value);
  const status = fieldsOf(span['status']);
  return {
    traceId: textOf(span['traceId']),
    spanId: textOf(span['spanId']),
    parentSpanId: textOf(span['parentSpanId']),
    name: textOf(span['name']),
    kind: enumOf(span['kind'], spanKinds),
    startNs: bigintOf(span['startTimeUnixNano']),
    endNs: bigintOf(span['endTimeUnixNano']),
    attributes: attributesOf(span['attributes']),
    events: listOf(span['events']).map((event) => {
      const { timeUnixNano, name, attributes } = fieldsOf(event);
      return {
        timeNs: bigintOf(timeUnixNano),
        name: textOf(name),
        attributes: attributesOf(attributes),
      };
    }),
    statusCode: enumOf(status['code'], statusCodes),
    statusMessage: textOf(status['message']),
  };
};

/** Spans of an `ExportTraceServiceRequest` in OTLP's JSON encoding, with how many could not be used. */
export const parseOtlpJson = (
  body: unknown,
): { readonly spans: readonly ReceivedSpan[]; readonly rejected: number } => {
  const read = listOf(fieldsOf(body)['resourceSpans']).flatMap((entry) => {
    const { resource, scopeSpans } = fieldsOf(entry);
    const attributes = attributesOf(fieldsOf(resource)['attributes']);
    return listOf(scopeSpans)
      .flatMap((scope) => listOf(fieldsOf(scope)['spans']))
      .map((span) => fromOtlp(spanOf(span), attributes));
  });
  const spans = read.filter((span) => span !== undefined);
  return { spans, rejected: read.length - spans.length };
};
