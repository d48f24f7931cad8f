import { asRecord, type JsonRecord, messages, number, text } from '@lateen/xds/json-record';
import type { Span } from '../contract/trace.ts';
import { type ReceivedSpan, receivedSpan } from './received-span.ts';

const pairsOf = (tags: readonly JsonRecord[]): (readonly [string, string])[] =>
  tags.map((tag) => [text(tag, 'key'), String(tag['value'] ?? '')]);

const kinds: readonly Span['kind'][] = ['server', 'client', 'producer', 'consumer'];

const tagValue = (pairs: readonly (readonly [string, string])[], key: string): string =>
  pairs.find(([name]) => name === key)?.[1] ?? '';

const statusOf = (pairs: readonly (readonly [string, string])[]): Span['status'] => {
  if (tagValue(pairs, 'error') === 'true' || tagValue(pairs, 'otel.status_code') === 'ERROR') {
    return 'error';
  }
  return tagValue(pairs, 'otel.status_code') === 'OK' ? 'ok' : 'unset';
};

const parentOf = (span: JsonRecord): string => {
  const references = messages(span, 'references');
  const parent = references.find((one) => text(one, 'refType') === 'CHILD_OF') ?? references[0];
  return parent === undefined ? '' : text(parent, 'spanID');
};

const spanOf = (span: JsonRecord, processes: JsonRecord): ReceivedSpan | undefined => {
  const own = pairsOf(messages(span, 'tags'));
  const process = asRecord(processes[text(span, 'processID')]);
  return receivedSpan({
    traceId: text(span, 'traceID'),
    spanId: text(span, 'spanID'),
    parentSpanId: parentOf(span),
    name: text(span, 'operationName'),
    kind: kinds.find((kind) => kind === tagValue(own, 'span.kind')) ?? 'internal',
    service: text(process, 'serviceName'),
    startUs: number(span, 'startTime'),
    durationUs: number(span, 'duration'),
    status: statusOf(own),
    statusMessage: tagValue(own, 'otel.status_description'),
    attributes: [...own, ...pairsOf(messages(process, 'tags'))],
    events: messages(span, 'logs').map((log) => {
      const fields = pairsOf(messages(log, 'fields'));
      return {
        timeUs: number(log, 'timestamp'),
        name: tagValue(fields, 'event') || 'log',
        attributes: fields,
      };
    }),
  });
};

/** Spans of each trace in an answer of Jaeger's query API (`/api/traces`). */
export const parseJaeger = (body: unknown): readonly (readonly ReceivedSpan[])[] =>
  messages(asRecord(body), 'data').map((trace) => {
    const processes = asRecord(trace['processes']);
    return messages(trace, 'spans')
      .map((span) => spanOf(span, processes))
      .filter((span) => span !== undefined);
  });
