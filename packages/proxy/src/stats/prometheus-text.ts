import { Counter, Gauge, Histogram, type Metric } from './metric.ts';
import type { Labels, Series } from './registry.ts';

const escapeValue = (value: string): string =>
  /[\\"\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value;

/** Labels with commas between them, without braces: a histogram has them in every line. */
const labelText = (labels: Labels): string => {
  let text = '';
  for (const name in labels) {
    text += `${text === '' ? '' : ','}${name}="${escapeValue(labels[name] ?? '')}"`;
  }
  return text;
};

const typeOf = (metric: Metric): string => {
  if (metric instanceof Counter) return 'counter';
  return metric instanceof Gauge ? 'gauge' : 'histogram';
};

const printHistogram = ({ family, labels }: Series, histogram: Histogram): string => {
  const own = labelText(labels);
  const start = `${family}_bucket{${own}${own === '' ? '' : ','}le="`;
  let text = '';
  let total = 0;
  for (const [index, bound] of histogram.bounds.entries()) {
    total += histogram.counts[index] as number;
    text += `${start}${bound}"} ${total}\n`;
  }
  text += `${start}+Inf"} ${histogram.count}\n${family}_sum{${own}} ${histogram.sum}\n`;
  return `${text}${family}_count{${own}} ${histogram.count}\n`;
};

const printSeries = (series: Series): string => {
  const { metric } = series;
  if (metric instanceof Histogram) return printHistogram(series, metric);
  return `${series.family}{${labelText(series.labels)}} ${metric.value}\n`;
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
