import type { CelExpression } from './cel/cel-expression.ts';

/** Istio's standard metrics, without the prefix `istio_`. */
export const meshMetricNames = [
  'requests_total',
  'request_duration_milliseconds',
  'request_bytes',
  'response_bytes',
  'request_messages_total',
  'response_messages_total',
  'tcp_connections_opened_total',
  'tcp_connections_closed_total',
  'tcp_sent_bytes_total',
  'tcp_received_bytes_total',
] as const;

/** One of them. */
export type MeshMetricName = (typeof meshMetricNames)[number];

/** What is done to the labels of one metric. */
export interface LabelChanges {
  /** Labels that are there already: another value, or (undefined) none. */
  readonly replaced: ReadonlyMap<string, CelExpression | undefined>;
  /** More labels, in order. */
  readonly added: readonly (readonly [label: string, value: CelExpression])[];
}

/** A metric that a `MetricDefinition` adds. */
export interface CustomMetric {
  /** With the prefix `istio_`. */
  readonly family: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** An integer: by how much the counter grows, what is observed. */
  readonly value: CelExpression;
  readonly labels: readonly (readonly [label: string, value: CelExpression])[];
}

/** What a configuration changes about the standard metrics. */
export interface MetricOverrides {
  readonly dropped: ReadonlySet<MeshMetricName>;
  /** Metrics without changes are not in it. */
  readonly labels: ReadonlyMap<MeshMetricName, LabelChanges>;
  readonly custom: readonly CustomMetric[];
}

/** `stats.PluginConfig`: settings of Istio's filter `istio.stats`, for HTTP and for TCP. */
export interface MeshStatsSettings {
  readonly kind: 'mesh-stats';
  /** A service the control plane does not know is called what the client called it. Default true. */
  readonly namesUnknownByHost: boolean;
  /** How often open connections are reported; 0: when they end. Default 5 s. */
  readonly tcpReportingMs: number;
  /** `waypoint`: a gateway in front of workloads, which reports as both sides. */
  readonly reporter: 'by-direction' | 'waypoint';
  /** Undefined: all metrics as they are, the fast path. */
  readonly overrides: MetricOverrides | undefined;
  /** Series that nothing was added to for so long are given up; 0: never. Default 0. */
  readonly rotationMs: number;
}

/** Settings of a filter that has none. */
export const defaultMeshStats: MeshStatsSettings = {
  kind: 'mesh-stats',
  namesUnknownByHost: true,
  tcpReportingMs: 5_000,
  reporter: 'by-direction',
  overrides: undefined,
  rotationMs: 0,
};
