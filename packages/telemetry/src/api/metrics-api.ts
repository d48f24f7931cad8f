import type { MetricsAnswer } from '../contract/series.ts';
import type { Eyes } from '../eyes.ts';
import { labelMatcher } from '../metrics/label-matcher.ts';
import {
  type LabelMatcher,
  maxSteps,
  type QueryFunction,
  queryMetrics,
} from '../metrics/metrics-query.ts';
import { scrapeIntervalMs } from '../scrape/scraper.ts';
import { ok, problem } from '../server/answer.ts';
import type { QueryReader } from '../server/query-reader.ts';
import type { ApiRoute } from '../server/route-table.ts';

const functions: readonly QueryFunction[] = [
  ...(['rate', 'increase', 'value', 'average'] as const),
  ...(['p50', 'p90', 'p95', 'p99'] as const),
];

/** Series of one answer. */
const maxSeries = 500;
const defaultSpanMs = 300_000;

const matchersOf = (query: QueryReader): readonly LabelMatcher[] =>
  query.texts('match').flatMap((written) => {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)(=~|!~|!=|=)(.*)$/s.exec(written);
    const read = match && labelMatcher(match[1] ?? '', match[2] ?? '', match[3] ?? '');
    if (read) return [read];
    query.refuse('match', `cannot be read: "${written}"; write label=value`);
    return [];
  });

const unitOf = (metric: string, fn: QueryFunction): MetricsAnswer['unit'] => {
  if (fn === 'rate') return 'per-second';
  if (fn === 'increase') return 'count';
  if (metric.endsWith('_milliseconds')) return 'milliseconds';
  return metric.endsWith('_bytes') ? 'bytes' : 'value';
};

/** `GET metrics/query`, `GET metrics/names`. */
export const metricsRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'metrics/names',
    handle: () => ok({ names: eyes.store.families().map((family) => ({ ...family, help: '' })) }),
  },
  {
    method: 'GET',
    path: 'metrics/query',
    handle: ({ query }) => {
      const metric = query.text('metric');
      if (metric === '') return problem('bad-request', 'parameter "metric" is missing');
      const nowMs = Math.max(eyes.clock.nowMs(), eyes.store.rounds.newestMs);
      const epoch = { min: 0, max: Number.MAX_SAFE_INTEGER };
      const toMs = query.integer('to', nowMs, epoch);
      const fromMs = query.integer('from', toMs - defaultSpanMs, epoch);
      const stepMs = query.duration('step', scrapeIntervalMs, { minMs: 1000, maxMs: 3_600_000 });
      if (fromMs >= toMs || (toMs - fromMs) / stepMs > maxSteps)
        query.refuse('from', `must be before "to", by at most ${maxSteps} steps`);
      const fn = query.choice('fn', functions, 'rate');
      const minMs = 2 * scrapeIntervalMs;
      const windowMs = query.duration('window', Math.max(stepMs, minMs), {
        minMs,
        maxMs: 3_600_000,
      });
      const matchers = matchersOf(query);
      const by = query.list('by');
      if (query.diagnostics.length > 0) return problem('bad-request', '');
      const found = queryMetrics(eyes.store, {
        ...{ metric, fn, matchers, by, fromMs, toMs, stepMs, windowMs },
      });
      return ok({
        metric,
        unit: unitOf(metric, fn),
        series: found
          .slice(0, maxSeries)
          .map(({ labels, values }) => ({ labels, startMs: fromMs + stepMs, stepMs, values })),
        leftOut: Math.max(0, found.length - maxSeries),
      } satisfies MetricsAnswer);
    },
  },
];
