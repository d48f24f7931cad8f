/**
 * Values at equal steps: `values[i]` holds for the step that ends at `startMs + i * stepMs`.
 * null: nothing was measured (no scrape, or nothing to divide by).
 */
export interface Series {
  /** Epoch milliseconds of the first value. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: readonly (number | null)[];
}

/** A series with the labels that set it apart from its siblings. */
export interface LabelledSeries extends Series {
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * `GET metrics/query`, of what was scraped and of what other clusters told for the graph (labels `source_cluster` and
 * `destination_cluster` tell them apart). Parameters:
 * - `metric`: a name such as `istio_requests_total`, for quantiles the histogram without `_bucket`
 * - `fn`: `rate` (per second, default for counters), `increase` (per step), `value` (gauges), `p50`, `p90`,
 *   `p95`, `p99`, `average` (histograms)
 * - `match`: `label=value`, may be repeated; `label!=value`, `label=~regex`, `label!~regex`
 * - `by`: labels to keep, comma-separated; without it one series comes back
 * - `from`, `to`: epoch milliseconds, default the last 5 minutes; `step`: like `5s`, default the scrape interval
 * - `window`: how far each value looks back, like `30s`; default the step, at least two scrapes
 */
export interface MetricsAnswer {
  readonly metric: string;
  readonly unit: 'per-second' | 'count' | 'milliseconds' | 'bytes' | 'value';
  readonly series: readonly LabelledSeries[];
  /** Series left out because there were too many. */
  readonly leftOut: number;
}

/** `GET metrics/names`: what can be asked for. */
export interface MetricNames {
  readonly names: readonly {
    readonly name: string;
    readonly kind: 'counter' | 'gauge' | 'histogram' | 'untyped';
    readonly help: string;
  }[];
}
