/** A number that only grows. Found once, then incremented as a plain field. */
export class Counter {
  value = 0;

  increment(by = 1): void {
    this.value += by;
  }
}

/** A number that goes both ways. */
export class Gauge {
  value = 0;
}

/** Upper bounds of Envoy's default histogram buckets, in the unit of the metric. */
export const defaultBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];

/** A distribution over fixed buckets. */
export class Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds: the last counts what is above all. Not cumulative. */
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[] = defaultBuckets) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    this.sum += value;
    this.count++;
    let low = 0;
    let high = this.bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (this.bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.counts[low] = (this.counts[low] as number) + 1;
  }
}

/** Any of the three. */
export type Metric = Counter | Gauge | Histogram;
