import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceivedSpan } from './received-span.ts';
import { TraceStore } from './trace-store.ts';

const limits = { maxTraces: 3, maxSpans: 100, maxBytes: 1024 * 1024, maxSpansPerTrace: 10 };

const span = (trace: number, spanId: number): ReceivedSpan => ({
  ...{ traceId: String(trace).padStart(32, '0'), spanId: String(spanId).padStart(16, '0') },
  ...{ parentSpanId: '', name: 'get', kind: 'server', service: 'reviews' },
  ...{ startUs: trace * 1_000_000, durationUs: 1_000, status: 'unset', statusMessage: '' },
  ...{ attributes: {}, events: [], dropped: 0 },
});

const ids = (spans: readonly ReceivedSpan[]): readonly string[] =>
  spans.map(({ traceId, spanId }) => `${Number(traceId)}.${Number(spanId)}`);

test('own spans are told in the order they came, the newest where there are more', () => {
  const store = new TraceStore(limits);
  for (const one of [span(1, 1), span(2, 1), span(1, 2)]) store.add(one);
  store.addTold(span(1, 3));
  const { spans, next } = store.since(0, 10);
  assert.deepEqual(ids(spans), ['1.1', '2.1', '1.2']);
  store.add(span(2, 2));
  store.add(span(2, 3));
  assert.deepEqual(ids(store.since(next, 10).spans), ['2.2', '2.3']);
  assert.deepEqual(ids(store.since(next, 1).spans), ['2.3']);
  assert.deepEqual(store.since(store.since(0, 1).next, 10).spans, []);
  assert.deepEqual(ids(store.own(span(1, 0).traceId)), ['1.1', '1.2']);
});

test('the past of other clusters pushes nothing out', () => {
  const store = new TraceStore(limits);
  for (const trace of [10, 11, 12, 13]) store.add(span(trace, 1));
  store.addTold(span(5, 1));
  assert.equal(store.get(span(5, 1).traceId), undefined);
  // Of a trace that is there everything is wanted, and so is what is newer.
  store.addTold(span(11, 2));
  assert.equal(store.get(span(11, 2).traceId)?.spanCount, 2);
  store.addTold(span(14, 1));
  assert.equal(store.get(span(14, 1).traceId)?.spanCount, 1);
  assert.equal(store.get(span(11, 1).traceId), undefined);
});
