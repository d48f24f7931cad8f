import type { Logger } from '@lateen/base';
import { type Counter, type Gauge, Histogram, type Metric } from '../../stats/metric.ts';
import type { Labels, StatsRegistry } from '../../stats/registry.ts';

/**
 * Series of the mesh's metrics kept at most, by default. Peers, hosts and expressions over requests
 * give them their labels, so strangers could fill our memory: a series with its text is about 2 KB,
 * and a call has four of them. Enough for 2,000 pairs of workloads and outcomes.
 */
export const defaultMaxMeshSeries = 8_000;

/** Value of labels beyond the bound. */
export const overflowValue = '__overflow__';

/** Labels that keep their values beyond the bound: there are few of them. */
const keptLabels: ReadonlySet<string> = new Set(['reporter', 'request_protocol']);

const overflowLabels = (labels: Labels): Labels =>
  Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [
      name,
      keptLabels.has(name) ? value : overflowValue,
    ]),
  );

interface Entry {
  readonly family: string;
  readonly labels: Labels;
  readonly metric: Metric;
  /** How much had been counted at the last rotation. */
  seen: number;
}

const amountOf = (metric: Metric): number =>
  metric instanceof Histogram ? metric.count : metric.value;

/**
 * The mesh's metrics of one proxy, bounded. What comes beyond the bound is counted in one series for
 * each family, so that sums stay right, and `lateen_stats_overflow_total` counts what lost its labels.
 */
export class MeshSeries {
  readonly #stats: StatsRegistry;
  readonly #log: Logger;
  readonly #maxSeries: number;
  readonly #overflow: Counter;
  readonly #entries = new Map<Metric, Entry>();
  #rotatedMs = 0;
  /** Another after series were given up: whoever keeps some must look them up again. */
  generation = 0;

  constructor(stats: StatsRegistry, log: Logger, maxSeries: number = defaultMaxMeshSeries) {
    this.#stats = stats;
    this.#log = log;
    this.#maxSeries = maxSeries;
    this.#overflow = stats.counter('lateen_stats_overflow_total');
  }

  get size(): number {
    return this.#entries.size;
  }

  counter(family: string, labels: Labels): Counter {
    return this.#take(family, labels, (kept) => this.#stats.counter(family, kept));
  }

  gauge(family: string, labels: Labels): Gauge {
    return this.#take(family, labels, (kept) => this.#stats.gauge(family, kept));
  }

  histogram(family: string, labels: Labels): Histogram {
    return this.#take(family, labels, (kept) => this.#stats.histogram(family, kept));
  }

  /** Gives up series that nothing was added to since the last time, at most once in `intervalMs`. */
  rotate(intervalMs: number, nowMs: number): void {
    if (nowMs - this.#rotatedMs < intervalMs) return;
    const isFirst = this.#rotatedMs === 0;
    this.#rotatedMs = nowMs;
    if (isFirst) return;
    for (const [metric, entry] of this.#entries) {
      const amount = amountOf(metric);
      if (amount === entry.seen) this.#drop(entry);
      else entry.seen = amount;
    }
  }

  #drop({ family, labels, metric }: Entry): void {
    this.#entries.delete(metric);
    this.#stats.remove(family, labels);
    this.generation++;
  }

  /** A series of its own, or the one of everything beyond the bound. */
  #take<M extends Metric>(family: string, labels: Labels, make: (labels: Labels) => M): M {
    const known = this.#stats.get(family, labels);
    if (known !== undefined) return known as M;
    if (this.#entries.size >= this.#maxSeries) {
      this.#refuse();
      return make(overflowLabels(labels));
    }
    const metric = make(labels);
    // Nobody wants to see it: it takes no place.
    if (this.#stats.get(family, labels) !== metric) return metric;
    this.#entries.set(metric, { family, labels, metric, seen: amountOf(metric) });
    return metric;
  }

  #refuse(): void {
    if (this.#overflow.value++ > 0) return;
    this.#log.warn('more series than are kept: labels of what is new are lost', {
      maxSeries: this.#maxSeries,
      label: overflowValue,
    });
  }
}

/** Key of node metadata with another bound (`ISTIO_META_LATEEN_STATS_MAX_SERIES` of a proxy's environment). */
const maxSeriesKey = 'LATEEN_STATS_MAX_SERIES';

/** The series of a proxy, with `istio_build`: which version of Istio it stands for. */
export const createMeshSeries = (
  stats: StatsRegistry,
  log: Logger,
  metadata: Readonly<Record<string, unknown>>,
): MeshSeries => {
  const wanted = Number(metadata[maxSeriesKey] ?? defaultMaxMeshSeries);
  const maxSeries = Number.isInteger(wanted) && wanted > 0 ? wanted : defaultMaxMeshSeries;
  const version = metadata['ISTIO_VERSION'];
  const tag = typeof version === 'string' && version !== '' ? version : 'unknown';
  stats.gauge('istio_build', { component: 'proxy', tag }).value = 1;
  return new MeshSeries(stats, log, maxSeries);
};
