import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogAnswer, LogLine } from '@lateen/telemetry/contract';
import { mergeLogs } from './merged-logs.ts';

const answer = (times: readonly number[], more: Partial<LogAnswer> = {}): LogAnswer => ({
  lines: times.map((timeMs) => ({ timeMs, text: `at ${timeMs}` }) as LogLine),
  truncated: false,
  errors: [],
  ...more,
});

test('lines of several namespaces are one stream', () => {
  const error = { pod: 'p', container: 'c', message: 'gone' };
  const merged = mergeLogs([
    answer([1, 4, 9]),
    answer([2, 3], { truncated: true, errors: [error] }),
  ]);
  assert.deepEqual(
    merged.lines.map(({ timeMs }) => timeMs),
    [1, 2, 3, 4, 9],
  );
  assert.equal(merged.truncated, true);
  assert.deepEqual(merged.errors, [error]);
});
