import type { MetricsAnswer, Series } from '@lateen/telemetry/contract';
import { timeWindow } from '../app/preferences.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import type { SeriesMatch } from './node-match.ts';

const nothingMeasured: Series = { startMs: 0, stepMs: 1, values: [] };

/** A metric over the time looked at, five minutes at least; without values when nothing was measured. */
export const useSeries = (metric: string, fn: string, match: SeriesMatch): Series => {
  const from = Date.now() - Math.max(5, Number.parseInt(timeWindow.value, 10)) * 60_000;
  const path = withQuery('metrics/query', { metric, fn, match, from });
  // The beginning of the window moves on at every look; the answer is asked for again only with news.
  const stable = path.replace(/&from=\d+/, '');
  const resource = useResource<MetricsAnswer>(stable, ['metrics'], { keep: true });
  return resource.value?.series[0] ?? nothingMeasured;
};
