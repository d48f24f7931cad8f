import type { QueryReader } from '../server/query-reader.ts';

/** The last minute is "now". */
export const nowWindowMs = 60_000;

/** Parameter `window` of pages with charts. Default 5 minutes. */
export const chartWindow = (query: QueryReader): number =>
  query.duration('window', 300_000, { minMs: 30_000, maxMs: 3_600_000 });
