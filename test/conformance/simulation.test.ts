/** Every row through translator and routing: what configuration and tables decide. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRow } from './row-comparison.ts';
import { simulatedAnswer } from './simulated-answer.ts';
import { allRows, modesOf } from './table.ts';

for (const row of allRows()) {
  test(row.name, () => {
    for (const mode of modesOf(row)) {
      const mismatch = compareRow(row, simulatedAnswer(row, mode), mode);
      if (mismatch !== undefined) assert.deepEqual(mismatch.actual, mismatch.expected, mode);
    }
  });
}
