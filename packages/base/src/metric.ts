/** Label names and values of one series. */
export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds, as Istio's convergence histograms have them. */
const defaultBuckets: readonly number[] = [0.01, 0.05, 0.1, 0.5, 1, 3, 5, 10, 20, 30];

/**
 * Series of one metric: some label values are names that others choose. What is new beyond it counts in one more series
 * whose label values all are `__overflow__`: sums stay right.
 */
const maxSeries = 2_000;

const overflowed = (labels: Labels): Labels =>
  Object.fromEntries(Object.keys(labels).map((name) => [name, '__overflow__']));

interface Series {
  readonly labels: Labels;
  value: number;
  /** Histograms only: observations per bucket, not cumulated. */
  readonly counts: number[];
  observations: number;
}

const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels));

/** `TYPE` of a metric in Prometheus' text. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** A counter, gauge or histogram with its series by labels. */
export class Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: MetricKind;
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(
    name: string,
    kind: MetricKind,
    help: string,
    buckets: readonly number[] = defaultBuckets,
  ) {
    this.name = name;
    this.kind = kind;
    this.help = help;
    this.#buckets = kind === 'histogram' ? buckets : [];
  }

  #seriesOf(labels: Labels): Series {
    const known = this.#series.get(keyOf(labels));
    if (known !== undefined) return known;
    const own = this.#series.size < maxSeries ? labels : overflowed(labels);
    const key = keyOf(own);
    const series = this.#series.get(key) ?? this.#newSeries(own);
    this.#series.set(key, series);
    return series;
  }

  #newSeries(labels: Labels): Series {
    return { labels, value: 0, counts: this.#buckets.map(() => 0), observations: 0 };
  }

  add(amount: number, labels: Labels = {}): void {
    this.#seriesOf(labels).value += amount;
  }

  set(value: number, labels: Labels = {}): void {
    this.#seriesOf(labels).value = value;
  }

  /** Forgets all series: for gauges whose label values come and go. */
  clear(): void {
    this.#series.clear();
  }

  /** Histograms: notes one value, in seconds. */
  observe(value: number, labels: Labels = {}): void {
    const series = this.#seriesOf(labels);
    series.value += value;
    series.observations += 1;
    const bucket = this.#buckets.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
  }

  /** The current value of a series; 0 when it was never touched. */
  value(labels: Labels = {}): number {
    return this.#series.get(keyOf(labels))?.value ?? 0;
  }

  /** Prometheus text exposition format 0.0.4. */
  render(): string {
    const head = `# HELP ${this.name} ${this.help}\n# TYPE ${this.name} ${this.kind}\n`;
    return head + [...this.#series.values()].map((series) => this.#renderSeries(series)).join('');
  }

  #renderSeries(series: Series): string {
    const { labels, value, counts, observations } = series;
    if (this.kind !== 'histogram') return `${this.name}${renderLabels(labels)} ${value}\n`;
    let total = 0;
    const buckets = this.#buckets.map((bound, index) => {
      total += counts[index] ?? 0;
      return `${this.name}_bucket${renderLabels({ ...labels, le: String(bound) })} ${total}\n`;
    });
    return [
      ...buckets,
      `${this.name}_bucket${renderLabels({ ...labels, le: '+Inf' })} ${observations}\n`,
      `${this.name}_sum${renderLabels(labels)} ${value}\n`,
      `${this.name}_count${renderLabels(labels)} ${observations}\n`,
    ].join('');
  }
}

const renderLabels = (labels: Labels): string => {
  const entries = Object.entries(labels);
  if (entries.length === 0) return '';
  return `{${entries.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
};

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
