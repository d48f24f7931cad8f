/** How soon after kubectl returns a configuration is in force. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { until } from './mesh.ts';

/** What is promised: for all proxies in less than this. */
const promisedMs = 1_000;
/** No healthy run needs it. A machine that stops for a moment breaks no promise of ours. */
const patienceMs = 30_000;
/** Of each wait: when the first look began that saw it in force. */
const delaysMs: number[] = [];

/** Looks until a configuration is in force; the first call follows the return of kubectl. */
export const inForce = (what: string, holds: () => Promise<boolean>): Promise<true> => {
  const startedMs = performance.now();
  return until(
    what,
    async () => {
      const lookedMs = performance.now();
      if (!(await holds())) return undefined;
      delaysMs.push(lookedMs - startedMs);
      return true;
    },
    patienceMs,
  );
};

// One wait may meet a moment in which the machine does something else, half of a file's waits do not.
after(() => {
  const sorted = delaysMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  assert.ok(median < promisedMs, `in force after ${sorted.map(Math.round).join(', ')} ms`);
});
