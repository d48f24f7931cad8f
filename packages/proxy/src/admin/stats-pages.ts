import type { JsonObject } from '@bufbuild/protobuf';
import { Histogram } from '../stats/metric.ts';
import type { Series, StatsRegistry } from '../stats/registry.ts';

/** Filters of `/stats`: a regular expression on names, and only what was used. */
export const selectedStats = (stats: StatsRegistry, query: URLSearchParams): readonly Series[] => {
  const text = query.get('filter');
  const usedOnly = query.has('usedonly');
  let pattern: RegExp | undefined;
  try {
    pattern = text === null ? undefined : new RegExp(text);
  } catch {
    pattern = undefined;
  }
  return stats.series().filter(({ statName, metric }) => {
    if (pattern !== undefined && !pattern.test(statName)) return false;
    return !usedOnly || (metric instanceof Histogram ? metric.count > 0 : metric.value > 0);
  });
};

const printOne = ({ statName, metric }: Series): string =>
  metric instanceof Histogram
    ? `${statName}: count=${metric.count} sum=${metric.sum}`
    : `${statName}: ${metric.value}`;

/** `/stats` as text, sorted by name. */
export const printStats = (stats: StatsRegistry, query: URLSearchParams): string => {
  const lines = selectedStats(stats, query).map(printOne);
  return `${lines.sort().join('\n')}\n`;
};

/** `/stats?format=json`. */
export const statsJson = (stats: StatsRegistry, query: URLSearchParams): JsonObject => ({
  stats: selectedStats(stats, query).flatMap(({ statName, metric }) =>
    metric instanceof Histogram ? [] : [{ name: statName, value: metric.value }],
  ),
});
