import type { StatsSettings } from '@lateen/routing';
import { Counter, Gauge, Histogram, type Metric } from './metric.ts';

/** Label names and values of one series. */
export type Labels = Readonly<Record<string, string>>;

/** One series: the metric with the names it is printed under. */
export interface Series {
  /** Prometheus family: `envoy_cluster_upstream_rq_total`. */
  readonly family: string;
  readonly labels: Labels;
  /** Envoy's dotted name: `cluster.reviews.upstream_rq_total`. */
  readonly statName: string;
  readonly metric: Metric;
}

/** Series kept at most: labels come from configuration and from peers, who must not fill our memory. */
const maxSeries = 100_000;

const keyOf = (family: string, labels: Labels): string => {
  let key = family;
  for (const name in labels) key += `\u0000${name}\u0001${labels[name] ?? ''}`;
  return key;
};

const everything: StatsSettings = { accepts: () => true, bucketsOf: () => undefined };

/**
 * All metrics of a proxy. Those that the settings reject count into the void. Looking a metric up costs; incrementing does not: callers keep the object.
 * Past the bound a new series counts into the void, and `overflow` says how many did.
 */
export class StatsRegistry {
  readonly #series = new Map<string, Series>();
  readonly #readers: (() => void)[] = [];
  readonly #settings: StatsSettings;
  overflow = 0;

  /** `settings` default to everything, with Envoy's buckets. */
  constructor(settings: StatsSettings = everything) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#series.size;
  }

  #find<M extends Metric>(series: Omit<Series, 'metric'>, make: () => M): M {
    const key = keyOf(series.family, series.labels);
    const found = this.#series.get(key);
    if (found !== undefined) return found.metric as M;
    const metric = make();
    if (!this.#settings.accepts(series.statName)) return metric;
    if (this.#series.size < maxSeries) this.#series.set(key, { ...series, metric });
    else this.overflow++;
    return metric;
  }

  /** A series that is there already. */
  get(family: string, labels: Labels): Metric | undefined {
    return this.#series.get(keyOf(family, labels))?.metric;
  }

  /** Gives up a series; whoever keeps its metric counts into the void. */
  remove(family: string, labels: Labels): void {
    this.#series.delete(keyOf(family, labels));
  }

  counter(family: string, labels: Labels = {}, statName: string = family): Counter {
    return this.#find({ family, labels, statName }, () => new Counter());
  }

  gauge(family: string, labels: Labels = {}, statName: string = family): Gauge {
    return this.#find({ family, labels, statName }, () => new Gauge());
  }

  /** `bounds` default to Envoy's. */
  histogram(
    family: string,
    labels: Labels = {},
    options: { readonly statName?: string; readonly bounds?: readonly number[] } = {},
  ): Histogram {
    const statName = options.statName ?? family;
    const { bounds = this.#settings.bucketsOf(statName) } = options;
    return this.#find({ family, labels, statName }, () => new Histogram(bounds));
  }

  /** Calls `update` whenever somebody wants to see the series: for numbers that are read, not counted. */
  beforeRead(update: () => void): void {
    this.#readers.push(update);
  }

  /** Series sorted by family: what exporters print. */
  series(): readonly Series[] {
    for (const update of this.#readers) update();
    return [...this.#series.values()].sort((left, right) =>
      left.family < right.family ? -1 : left.family > right.family ? 1 : 0,
    );
  }

  /** Drops the series that carry this label value, for something that is gone. */
  removeWhere(label: string, value: string): void {
    for (const [key, { labels }] of this.#series) {
      if (labels[label] === value) this.#series.delete(key);
    }
  }

  /** Sets counters to zero (`/reset_counters`). */
  resetCounters(): void {
    for (const { metric } of this.#series.values()) {
      if (metric instanceof Counter) metric.value = 0;
    }
  }
}

/** Metrics of one thing: dotted names below `prefix`, Prometheus families below `family`. */
export class StatsScope {
  readonly #registry: StatsRegistry;
  readonly #prefix: string;
  readonly #family: string;
  readonly #labels: Labels;

  constructor(
    registry: StatsRegistry,
    names: { readonly prefix: string; readonly family: string; readonly labels: Labels },
  ) {
    this.#registry = registry;
    this.#prefix = names.prefix;
    this.#family = names.family;
    this.#labels = names.labels;
  }

  counter(name: string): Counter {
    return this.#registry.counter(
      `${this.#family}_${name}`,
      this.#labels,
      `${this.#prefix}.${name}`,
    );
  }

  gauge(name: string): Gauge {
    return this.#registry.gauge(`${this.#family}_${name}`, this.#labels, `${this.#prefix}.${name}`);
  }

  histogram(name: string): Histogram {
    const statName = `${this.#prefix}.${name}`;
    return this.#registry.histogram(`${this.#family}_${name}`, this.#labels, { statName });
  }

  /** `NAME_2xx` in dotted form, `NAME_xx{envoy_response_code_class="2"}` for Prometheus. */
  codeClass(name: string, hundreds: number): Counter {
    const labels = { envoy_response_code_class: String(hundreds), ...this.#labels };
    const statName = `${this.#prefix}.${name}_${hundreds}xx`;
    return this.#registry.counter(`${this.#family}_${name}_xx`, labels, statName);
  }

  /** `NAME_200` in dotted form, `NAME{envoy_response_code="200"}` for Prometheus. */
  code(name: string, status: number): Counter {
    const labels = { envoy_response_code: String(status), ...this.#labels };
    return this.#registry.counter(
      `${this.#family}_${name}`,
      labels,
      `${this.#prefix}.${name}_${status}`,
    );
  }
}

/** Counters by status class and status, found on first use and then by index. */
export class StatusCounters {
  readonly #scope: StatsScope;
  readonly #name: string;
  readonly #classes: (Counter | undefined)[] = [];
  readonly #codes: (Counter | undefined)[] = [];
  readonly #withCodes: boolean;

  constructor(scope: StatsScope, name: string, options: { readonly codes: boolean }) {
    this.#scope = scope;
    this.#name = name;
    this.#withCodes = options.codes;
  }

  count(status: number): void {
    const hundreds = (status / 100) | 0;
    let byClass = this.#classes[hundreds];
    if (byClass === undefined) {
      byClass = this.#scope.codeClass(this.#name, hundreds);
      this.#classes[hundreds] = byClass;
    }
    byClass.value++;
    if (!this.#withCodes) return;
    let byCode = this.#codes[status];
    if (byCode === undefined) {
      byCode = this.#scope.code(this.#name, status);
      this.#codes[status] = byCode;
    }
    byCode.value++;
  }
}
