import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runningEyes } from '../testing/running-eyes.ts';
import type { ReceivedSpan } from '../traces/received-span.ts';

const span = (traceId: string, fields: Partial<ReceivedSpan>): ReceivedSpan => ({
  ...{ traceId: traceId.padStart(32, '0'), spanId: '0000000000000001', parentSpanId: '' },
  ...{ name: 'get', kind: 'server', service: 'reviews', durationUs: 1000, status: 'unset' },
  ...{ statusMessage: '', attributes: {}, events: [], dropped: 0, startUs: Date.now() * 1000 },
  ...fields,
});

test('a trace is listed when its first span is there, or does not come', async (context) => {
  const { eyes, call, close } = await runningEyes([]);
  context.after(close);
  const listed = async (): Promise<readonly string[]> => {
    const { body } = await call('GET', 'traces');
    return (body as { traces: readonly { traceId: string }[] }).traces
      .map(({ traceId }) => traceId.slice(-1))
      .sort();
  };
  const middle = { spanId: '00000000000000aa', parentSpanId: '0000000000000001' };
  eyes.traces.add(span('a', middle));
  eyes.traces.add(span('b', { ...middle, startUs: (Date.now() - 60_000) * 1000 }));
  eyes.traces.add(span('c', {}));
  assert.deepEqual(await listed(), ['b', 'c']);
  eyes.traces.add(span('a', {}));
  assert.deepEqual(await listed(), ['a', 'b', 'c']);
});
