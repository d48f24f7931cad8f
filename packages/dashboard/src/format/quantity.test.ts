import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge } from './moment.ts';
import { formatBytes, formatMs, formatNumber, formatRate, formatShare } from './quantity.ts';

const rows: readonly (readonly [string, string])[] = [
  [formatNumber(0), '0'],
  [formatNumber(0.001), '<0.01'],
  [formatNumber(0.05), '0.05'],
  [formatNumber(1), '1'],
  [formatNumber(1.249), '1.25'],
  [formatNumber(12.46), '12.5'],
  [formatNumber(99.97), '100'],
  [formatNumber(9994), '9994'],
  [formatNumber(12_340), '12.3k'],
  [formatNumber(999_600), '1M'],
  [formatNumber(3_400_000), '3.4M'],
  [formatRate(0.5), '0.5/s'],
  [formatShare(null), '–'],
  [formatShare(0), '0 %'],
  [formatShare(0.0004), '<0.1 %'],
  [formatShare(0.042), '4.2 %'],
  [formatShare(0.5), '50 %'],
  [formatShare(0.9995), '>99.9 %'],
  [formatShare(1), '100 %'],
  [formatMs(null), '–'],
  [formatMs(0), '0 ms'],
  [formatMs(0.04), '0.04 ms'],
  [formatMs(0.42), '0.4 ms'],
  [formatMs(12.4), '12 ms'],
  [formatMs(999.7), '1 s'],
  [formatMs(1250), '1.25 s'],
  [formatMs(120_000), '2 min'],
  [formatBytes(512), '512 B'],
  [formatBytes(1234), '1.2 kB'],
  [formatBytes(999_600), '1 MB'],
  [formatBytes(250_000_000), '250 MB'],
  [formatAge(0, 42_000), '42s'],
  [formatAge(0, 300_000), '5m'],
  [formatAge(0, 3 * 3_600_000), '3h'],
  [formatAge(0, 3 * 86_400_000), '3d'],
];

for (const [actual, expected] of rows) {
  test(`format: ${expected}`, () => assert.equal(actual, expected));
}
