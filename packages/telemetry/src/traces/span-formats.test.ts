import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type ExportTraceServiceRequest,
  ExportTraceServiceRequestSchema,
} from '@lateen/xds/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js';
import type {
  AnyValue,
  KeyValue,
} from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import fc from 'fast-check';
import { parseOtlpJson } from './otlp-json.ts';
import { parseOtlpProtobuf } from './otlp-protobuf.ts';
import { fromOtlp } from './otlp-span.ts';
import type { ReceivedSpan } from './received-span.ts';
import { startSpanReceiver } from './span-receiver.ts';
import { type TraceFilter, TraceStore } from './trace-store.ts';
import { parseZipkin } from './zipkin-json.ts';

fc.configureGlobal({ seed: 20_261_121 });

const traceId = '0af7651916cd43dd8448eb211c80319c';
const startNs = 1_700_000_000_000_000_000n;

const otlpJson = {
  resourceSpans: [
    {
      resource: {
        attributes: [{ key: 'service.name', value: { stringValue: 'reviews.default' } }],
      },
      scopeSpans: [
        {
          spans: [
            {
              traceId,
              spanId: 'b7ad6b7169203331',
              parentSpanId: '00f067aa0ba902b7',
              name: 'reviews.default.svc.cluster.local:9080/*',
              kind: 3,
              startTimeUnixNano: String(startNs),
              endTimeUnixNano: String(startNs + 1_500_000n),
              attributes: [
                { key: 'http.status_code', value: { stringValue: '503' } },
                { key: 'retries', value: { intValue: '2' } },
              ],
              events: [{ timeUnixNano: String(startNs + 1000n), name: 'retry' }],
              status: { code: 2, message: 'unavailable' },
            },
          ],
        },
      ],
    },
  ],
};

const message = (fill: (writer: BinaryWriter) => void): Uint8Array => {
  const writer = new BinaryWriter();
  fill(writer);
  return writer.finish();
};

const keyValue = (key: string, value: (writer: BinaryWriter) => void): Uint8Array =>
  message((writer) => writer.tag(1, 2).string(key).tag(2, 2).bytes(message(value)));

/** The same request in protobuf, as an exporter writes it. */
const otlpProtobuf = message((request) => {
  const span = message((writer) => {
    writer.tag(1, 2).bytes(Buffer.from(traceId, 'hex'));
    writer.tag(2, 2).bytes(Buffer.from('b7ad6b7169203331', 'hex'));
    writer.tag(3, 2).string('state=1');
    writer.tag(4, 2).bytes(Buffer.from('00f067aa0ba902b7', 'hex'));
    writer.tag(5, 2).string('reviews.default.svc.cluster.local:9080/*');
    writer.tag(6, 0).int32(3);
    writer.tag(7, 1).fixed64(startNs);
    writer.tag(8, 1).fixed64(startNs + 1_500_000n);
    writer.tag(9, 2).bytes(keyValue('http.status_code', (value) => value.tag(1, 2).string('503')));
    writer.tag(9, 2).bytes(keyValue('retries', (value) => value.tag(3, 0).int64(2n)));
    writer.tag(11, 2).bytes(
      message((event) =>
        event
          .tag(1, 1)
          .fixed64(startNs + 1000n)
          .tag(2, 2)
          .string('retry'),
      ),
    );
    writer
      .tag(15, 2)
      .bytes(message((status) => status.tag(2, 2).string('unavailable').tag(3, 0).int32(2)));
  });
  const resource = message((writer) =>
    writer
      .tag(1, 2)
      .bytes(keyValue('service.name', (value) => value.tag(1, 2).string('reviews.default'))),
  );
  const scope = message((writer) => writer.tag(2, 2).bytes(span));
  request
    .tag(1, 2)
    .bytes(message((writer) => writer.tag(1, 2).bytes(resource).tag(2, 2).bytes(scope)));
});

const expected: ReceivedSpan = {
  traceId,
  spanId: 'b7ad6b7169203331',
  parentSpanId: '00f067aa0ba902b7',
  name: 'reviews.default.svc.cluster.local:9080/*',
  kind: 'client',
  service: 'reviews.default',
  startUs: 1_700_000_000_000_000,
  durationUs: 1500,
  status: 'error',
  statusMessage: 'unavailable',
  attributes: { 'http.status_code': '503', retries: '2', 'service.name': 'reviews.default' },
  events: [{ timeUs: 1_700_000_000_000_001, name: 'retry', attributes: {} }],
  dropped: 0,
};

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('OTLP in JSON and in protobuf mean the same', () => {
  assert.deepEqual(plain(parseOtlpJson(otlpJson)), { spans: [expected], rejected: 0 });
  assert.deepEqual(plain(parseOtlpProtobuf(otlpProtobuf)), { spans: [expected], rejected: 0 });
});

test('Zipkin: short ids, errors, and the server half of a shared span as a child', () => {
  const { spans, rejected } = parseZipkin([
    {
      traceId: 'c80319c',
      id: 'a1',
      name: 'get',
      kind: 'CLIENT',
      timestamp: 5,
      duration: 7,
      tags: { error: 'true' },
      localEndpoint: { serviceName: 'a' },
    },
    {
      traceId: 'c80319c',
      id: 'a1',
      shared: true,
      kind: 'SERVER',
      timestamp: 6,
      localEndpoint: { serviceName: 'b' },
    },
    { traceId: 'none', id: 'a1' },
  ]);
  assert.equal(rejected, 1);
  const [client, server] = spans;
  assert.equal(client?.traceId, '0000000000000000000000000c80319c');
  assert.equal(client?.status, 'error');
  assert.equal(server?.parentSpanId, client?.spanId);
  assert.notEqual(server?.spanId, client?.spanId);
});

test('protobuf is read as its schema says, whatever is in it', () => {
  const hexId = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const value = fc.oneof(
    text.map((one) => ({ case: 'stringValue', value: one }) as const),
    fc.boolean().map((one) => ({ case: 'boolValue', value: one }) as const),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((one) => ({ case: 'intValue', value: one }) as const),
    fc.double({ noNaN: true }).map((one) => ({ case: 'doubleValue', value: one }) as const),
    fc.uint8Array({ maxLength: 9 }).map((one) => ({ case: 'bytesValue', value: one }) as const),
  );
  const attributes = fc.array(
    fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.record({ value }) }),
    { maxLength: 5 },
  );
  const span = fc.record({
    ...{ traceId: hexId(16), spanId: hexId(8), parentSpanId: hexId(8), name: text, attributes },
    ...{ kind: fc.integer({ min: 0, max: 5 }), traceState: text },
    startTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    events: fc.array(fc.record({ name: text, attributes }), { maxLength: 2 }),
    links: fc.array(fc.record({ traceId: hexId(16) }), { maxLength: 1 }),
    status: fc.record({ message: text, code: fc.integer({ min: 0, max: 2 }) }),
  });
  const request = fc.record({
    resourceSpans: fc.array(
      fc.record({
        resource: fc.record({ attributes }),
        scopeSpans: fc.array(
          fc.record({ scope: fc.record({ name: text }), spans: fc.array(span, { maxLength: 4 }) }),
          { maxLength: 2 },
        ),
        schemaUrl: text,
      }),
      { maxLength: 2 },
    ),
  });
  fc.assert(
    fc.property(request, (drawn) => {
      const message = create(ExportTraceServiceRequestSchema, drawn as never);
      const read = parseOtlpProtobuf(toBinary(ExportTraceServiceRequestSchema, message));
      assert.deepEqual(plain(read), plain(bySchema(message)));
    }),
  );
});

test('any bytes and any JSON are read without an exception', () => {
  const cut = fc.nat(otlpProtobuf.length).map((length) => otlpProtobuf.slice(0, length));
  fc.assert(fc.property(fc.oneof(fc.uint8Array(), cut), (bytes) => void parseOtlpProtobuf(bytes)));
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      parseOtlpJson(value);
      parseOtlpJson({ resourceSpans: [{ scopeSpans: [{ spans: [value] }] }] });
      parseZipkin([value]);
    }),
  );
});

const valueText = ({ value }: AnyValue): string =>
  value.value instanceof Uint8Array
    ? Buffer.from(value.value).toString('base64')
    : String(value.value ?? '');

const pairs = (attributes: readonly KeyValue[]): (readonly [string, string])[] =>
  attributes.map(({ key, value }) => [key, value === undefined ? '' : valueText(value)]);

/** What a request says, by the bindings that are generated from its schema. */
const bySchema = (
  message: ExportTraceServiceRequest,
): { readonly spans: readonly ReceivedSpan[]; readonly rejected: number } => {
  const read = message.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) =>
        fromOtlp(
          {
            traceId: Buffer.from(span.traceId).toString('hex'),
            spanId: Buffer.from(span.spanId).toString('hex'),
            parentSpanId: Buffer.from(span.parentSpanId).toString('hex'),
            ...{ name: span.name, kind: span.kind, attributes: pairs(span.attributes) },
            ...{ startNs: span.startTimeUnixNano, endNs: span.endTimeUnixNano },
            events: span.events.map(({ timeUnixNano, name, attributes }) => ({
              ...{ timeNs: timeUnixNano, name, attributes: pairs(attributes) },
            })),
            statusCode: span.status?.code ?? 0,
            statusMessage: span.status?.message ?? '',
          },
          pairs(resource?.attributes ?? []),
        ),
      ),
  );
  const spans = read.filter((span) => span !== undefined);
  return { spans, rejected: read.length - spans.length };
};

const spanOf = (fields: Partial<ReceivedSpan>): ReceivedSpan => ({ ...expected, ...fields });
const everything: TraceFilter = {
  ...{ service: '', operation: '', minDurationUs: 0, maxDurationUs: Number.MAX_SAFE_INTEGER },
  ...{ onlyErrors: false, fromUs: 0, toUs: Number.MAX_SAFE_INTEGER, tags: [], limit: 100 },
};

test('a waterfall: parents before children, siblings by start, lost parents and circles as roots', () => {
  const store = new TraceStore();
  const at = (spanId: string, parentSpanId: string, startUs: number): ReceivedSpan =>
    spanOf({ spanId, parentSpanId, startUs, name: spanId });
  for (const span of [
    at('c', 'a', 30),
    at('b', 'a', 20),
    at('a', '', 10),
    at('d', 'b', 25),
    at('lost', 'gone', 40),
    at('x', 'y', 50),
    at('y', 'x', 60),
  ])
    store.add(span);
  assert.deepEqual(
    store.get(traceId)?.spans.map(({ name, depth }) => `${name} ${depth}`),
    ['a 0', 'b 1', 'd 2', 'c 1', 'lost 0', 'x 0', 'y 1'],
  );
});

test('filters: service, errors, duration, tags', () => {
  const store = new TraceStore();
  const id = (digit: string): string => digit.repeat(32);
  store.add(spanOf({ traceId: id('1'), status: 'ok', durationUs: 50_000, service: 'a' }));
  store.add(spanOf({ traceId: id('2'), status: 'error', durationUs: 10, service: 'b' }));
  const found = (filter: Partial<TraceFilter>): readonly string[] =>
    store
      .list({ ...everything, ...filter })
      .map(({ traceId: one }) => one.slice(0, 1))
      .sort();
  assert.deepEqual(found({}), ['1', '2']);
  assert.deepEqual(found({ service: 'a' }), ['1']);
  assert.deepEqual(found({ onlyErrors: true }), ['2']);
  assert.deepEqual(found({ minDurationUs: 1000 }), ['1']);
  assert.deepEqual(found({ tags: [['retries', '2']] }), ['1', '2']);
  assert.deepEqual(found({ tags: [['retries', '3']] }), []);
  assert.deepEqual(store.services(), ['a', 'b']);
});

test('no more than the bounds, the oldest go first', () => {
  const store = new TraceStore({
    maxTraces: 10,
    maxSpans: 40,
    maxBytes: 60_000,
    maxSpansPerTrace: 5,
  });
  for (let trace = 1; trace <= 30; trace++) {
    const id = String(trace).padStart(32, '0');
    for (let span = 0; span < 8; span++)
      store.add(spanOf({ traceId: id, spanId: `${trace}-${span}` }));
  }
  const { traces, spans, bytes } = store.fill();
  assert.ok(traces.used <= 10 && spans.used <= 40 && bytes.used <= 60_000);
  assert.equal(store.get('30'.padStart(32, '0'))?.spanCount, 5);
  assert.equal(store.get('30'.padStart(32, '0'))?.droppedSpans, 3);
  assert.equal(store.get('1'.padStart(32, '0')), undefined);
});

test('the receiver takes OTLP and Zipkin, zipped too, and refuses what it cannot read', async (t) => {
  const taken: ReceivedSpan[] = [];
  const receiver = await startSpanReceiver(
    { host: '127.0.0.1', port: 0 },
    { takeSpan: (span) => taken.push(span), takeLog: () => undefined },
  );
  t.after(() => receiver.close());
  const post = async (
    path: string,
    type: string,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(`http://127.0.0.1:${receiver.port}${path}`, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body: Buffer.from(body),
    });
    return `${response.status} ${await response.text()}`;
  };
  const json = 'application/json';
  assert.equal(await post('/v1/traces', json, JSON.stringify(otlpJson)), '200 {}');
  assert.equal(
    await post('/v1/traces', 'application/x-protobuf', gzipSync(otlpProtobuf), {
      'content-encoding': 'gzip',
    }),
    '200 ',
  );
  assert.equal(await post('/api/v2/spans', json, '[{"traceId":"1","id":"2"}]'), '202 ');
  assert.equal(taken.length, 3);
  assert.match(await post('/v1/traces', json, '{'), /^400 /);
  assert.match(await post('/v1/traces', 'application/x-protobuf', 'nonsense'), /^400 /);
  assert.match(await post('/v1/traces', 'text/plain', '{}'), /^415 /);
  assert.match(await post('/api/v2/spans', json, 'x'.repeat(9 * 1024 * 1024)), /^413 /);
  assert.match(await post('/v1/metrics', json, '{}'), /^404 /);
  assert.equal(taken.length, 3);
});
