import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageHead, parseRequestHead } from '../http1/head-parser.ts';
import { readOtlp } from '../testing/span-collector.ts';
import { b3Propagation } from './b3-context.ts';
import { OtlpEncoder } from './otlp-encoder.ts';
import { type SpanEncoder, type SpanHead, spanKind } from './span-encoder.ts';
import { byteText, maxValueCharacters, tagName } from './span-tag.ts';
import type { FoundContext, Propagation } from './trace-context.ts';
import { w3cPropagation } from './w3c-context.ts';
import { ZipkinEncoder } from './zipkin-encoder.ts';

fc.configureGlobal({ seed: 20_261_121 });

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const parentId = '00f067aa0ba902b7';

const headOf = (headers: Readonly<Record<string, string>>): MessageHead => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const bytes = Buffer.from(`GET / HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  const head = new MessageHead();
  assert.ok(parseRequestHead(head, bytes, 0, bytes.length) > 0);
  return head;
};

/** `trace span parent sampled`, or why there is none. */
const told = (found: FoundContext): string => {
  if (found.kind === 'none') return `none ${found.sampled}`;
  if (found.kind === 'invalid') return 'invalid';
  const { traceId: trace, spanId: span, parentId: parent, sampled } = found.context;
  return `${trace} ${span} ${parent || '-'} ${sampled}`;
};

const rows: readonly (readonly [Propagation, Readonly<Record<string, string>>, string])[] = [
  [w3cPropagation, {}, 'none undefined'],
  [w3cPropagation, { traceparent: `00-${traceId}-${spanId}-01` }, `${traceId} ${spanId} - true`],
  [w3cPropagation, { Traceparent: `00-${traceId}-${spanId}-02` }, `${traceId} ${spanId} - false`],
  [w3cPropagation, { traceparent: `cc-${traceId}-${spanId}-ff` }, `${traceId} ${spanId} - true`],
  [w3cPropagation, { traceparent: `ff-${traceId}-${spanId}-01` }, 'invalid'],
  [w3cPropagation, { traceparent: `00-${traceId.toUpperCase()}-${spanId}-01` }, 'invalid'],
  [w3cPropagation, { traceparent: `00-${traceId}-${spanId}-01-x` }, 'invalid'],
  [w3cPropagation, { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` }, 'invalid'],
  [w3cPropagation, { traceparent: '' }, 'invalid'],
  [b3Propagation, { b3: `${traceId}-${spanId}` }, `${traceId} ${spanId} - undefined`],
  [b3Propagation, { b3: `${traceId}-${spanId}-0` }, `${traceId} ${spanId} - false`],
  [
    b3Propagation,
    { b3: `${traceId}-${spanId}-d-${parentId}` },
    `${traceId} ${spanId} ${parentId} true`,
  ],
  [b3Propagation, { b3: `${spanId}-${spanId}-1` }, `${spanId} ${spanId} - true`],
  [b3Propagation, { b3: `${traceId}-${spanId}-2` }, 'invalid'],
  [b3Propagation, { b3: `${'0'.repeat(32)}-${spanId}-1` }, 'invalid'],
  [b3Propagation, { b3: '1' }, 'none true'],
  [b3Propagation, { 'X-B3-Sampled': 'true' }, 'none true'],
  [b3Propagation, { 'x-b3-traceid': traceId, 'x-b3-sampled': '0' }, 'none false'],
  [
    b3Propagation,
    { 'x-b3-traceid': traceId, 'x-b3-spanid': spanId, 'x-b3-parentspanid': parentId },
    `${traceId} ${spanId} ${parentId} undefined`,
  ],
  [
    b3Propagation,
    { 'x-b3-traceid': traceId, 'x-b3-spanid': spanId, 'x-b3-parentspanid': 'x' },
    'invalid',
  ],
];

for (const [propagation, headers, expected] of rows) {
  test(`context of ${JSON.stringify(headers)}`, () => {
    assert.equal(told(propagation.extract(headOf(headers))), expected);
  });
}

test('a context that goes out is read again as it was', () => {
  const hex = (digits: number) =>
    fc
      .string({
        unit: fc.constantFrom(...'0123456789abcdef'),
        minLength: digits,
        maxLength: digits,
      })
      .filter((id) => !/^0+$/.test(id));
  const context = fc.record({
    traceId: hex(32),
    spanId: hex(16),
    parentId: fc.constantFrom('', parentId),
    sampled: fc.boolean(),
  });
  fc.assert(
    fc.property(context, fc.boolean(), (drawn, hasSingle) => {
      const given = { ...drawn };
      const head = headOf(hasSingle ? { b3: '0' } : {});
      b3Propagation.inject(head, given);
      assert.deepEqual(b3Propagation.extract(head), { kind: 'context', context: given });
      w3cPropagation.inject(head, given);
      const expected = { ...given, parentId: '' };
      assert.deepEqual(w3cPropagation.extract(head), { kind: 'context', context: expected });
    }),
  );
});

test('no header value makes reading a context fail', () => {
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef-d1', ' ') }),
    fc.string({ unit: 'grapheme-ascii' }),
  );
  const names = ['traceparent', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags'];
  fc.assert(
    fc.property(fc.constantFrom(...names), value, fc.boolean(), (name, text, hasIds) => {
      const ids = hasIds ? { 'x-b3-traceid': traceId, 'x-b3-spanid': spanId } : {};
      const head = headOf({ ...ids, [name]: text });
      w3cPropagation.extract(head);
      b3Propagation.extract(head);
    }),
  );
});

const spanHead: SpanHead = {
  ...{ traceId, spanId, parentId, name: 'GET /', kind: spanKind.server, isShared: false },
  ...{ startMs: 1_763_748_000_123.456, endMs: 1_763_748_000_125, localLabel: '127.0.0.1:80' },
};

const otlp = (): OtlpEncoder =>
  new OtlpEncoder({ attributes: { 'service.name': 's' }, scope: { name: 'x', version: '1' } });

const encode = (
  encoder: SpanEncoder,
  span: SpanHead,
  tags: readonly (readonly [string, string])[],
): void => {
  encoder.begin(span);
  for (const [name, value] of tags) encoder.tag(tagName(name), byteText(value));
  encoder.end(false);
};

test('times are exact to the microsecond, ids short and long', () => {
  const encoder = otlp();
  encode(encoder, spanHead, []);
  encode(encoder, { ...spanHead, traceId: spanId, parentId: '' }, []);
  const [long, short] = readOtlp(encoder.take());
  assert.equal(long?.startNs, 1_763_748_000_123_456_000n);
  assert.equal(long?.endNs, 1_763_748_000_125_000_000n);
  assert.equal(short?.traceId, `${'0'.repeat(16)}${spanId}`);
  assert.deepEqual([long?.flags, short?.flags], [0x301, 1]);
  assert.equal(encoder.items, 0);
  assert.equal(encoder.take().length, otlp().take().length);
});

test('whatever tags hold comes out of both formats as it went in', () => {
  // Sizes around those where a length takes another byte.
  const long = fc
    .constantFrom(0, 1, 120, 127, 128, 129, 4_095, maxValueCharacters)
    .map((size) => 'v'.repeat(size));
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), long, fc.string());
  // Objects of this language have a meaning of their own for some names.
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
  const span = fc.array(fc.tuple(name, value), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 4 }), (spans) => {
      const encoder = otlp();
      const zipkin = new ZipkinEncoder('s');
      for (const tags of spans) {
        encode(encoder, spanHead, tags);
        encode(zipkin, spanHead, tags);
      }
      const read = readOtlp(encoder.take());
      const json = JSON.parse(zipkin.take().toString()) as { tags: Record<string, string> }[];
      assert.equal(read.length, spans.length);
      assert.equal(json.length, spans.length);
      for (const [at, tags] of spans.entries()) {
        const expected = Object.fromEntries(tags);
        assert.deepEqual({ ...read[at]?.tags }, expected);
        assert.deepEqual({ ...json[at]?.tags }, expected);
      }
    }),
  );
});

test('values are cut, and bytes that are no UTF-8 replaced: the batch stays readable', () => {
  const encoder = otlp();
  encoder.begin(spanHead);
  encoder.tag(tagName('long'), 'v'.repeat(70_000));
  encoder.tag(tagName('bytes'), '\xff\xfe\xc3('.repeat(2_000));
  encoder.tag(tagName('n'.repeat(300)), 'v');
  encoder.end(true);
  const [span] = readOtlp(encoder.take());
  assert.equal(span?.tags['long']?.length, maxValueCharacters);
  assert.match(span?.tags['bytes'] ?? '', /^\ufffd\ufffd\ufffd\(/);
  assert.equal(span?.tags['n'.repeat(100)], 'v');
  assert.equal(span?.isError, true);
});
