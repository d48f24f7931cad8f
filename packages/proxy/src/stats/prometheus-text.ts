import { Counter, Gauge, Histogram, type Metric } from './metric.ts';
import type { Labels, Series } from './registry.ts';

const escapeValue = (value: string): string =>
  /[\\"\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value;

const printLabels = (labels: Labels, extra = ''): string => {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  if (extra !== '') parts.push(extra);
  return `{${parts.join(',')}}`;
};

const typeOf = (metric: Metric): string => {
  if (metric instanceof Counter) return 'counter';
  return metric instanceof Gauge ? 'gauge' : 'histogram';
};

const printHistogram = ({ family, labels }: Series, histogram: Histogram): string => {
  let text = '';
  let total = 0;
  histogram.bounds.forEach((bound, index) => {
    total += histogram.counts[index] as number;
    text += `${family}_bucket${printLabels(labels, `le="${bound}"`)} ${total}\n`;
  });
  text += `${family}_bucket${printLabels(labels, 'le="+Inf"')} ${histogram.count}\n`;
  text += `${family}_sum${printLabels(labels)} ${histogram.sum}\n`;
  return `${text}${family}_count${printLabels(labels)} ${histogram.count}\n`;
};

const printSeries = (series: Series): string => {
  const { metric } = series;
  if (metric instanceof Histogram) return printHistogram(series, metric);
  return `${series.family}${printLabels(series.labels)} ${metric.value}\n`;
};

/** Series in the Prometheus text format 0.0.4, as Envoy's `/stats/prometheus`. */
export const printPrometheus = (all: readonly Series[]): string => {
  let text = '';
  let family = '';
  for (const series of all) {
    if (series.family !== family) {
      family = series.family;
      text += `# TYPE ${family} ${typeOf(series.metric)}\n`;
    }
    text += printSeries(series);
  }
  return text;
};

/** Media type of the text. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';
