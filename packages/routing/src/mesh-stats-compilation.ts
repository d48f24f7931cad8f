import { formatDiagnostic } from '@lateen/base';
import {
  type MetricConfig,
  type MetricDefinition,
  MetricType,
  type PluginConfig,
  Reporter,
} from '@lateen/xds/gen/istio/envoy/extensions/stats/config_pb.js';
import { type CelExpression, compileCel } from './cel/cel-expression.ts';
import { durationMsOr } from './duration.ts';
import type { Findings } from './findings.ts';
import {
  type CustomMetric,
  defaultMeshStats,
  type LabelChanges,
  type MeshMetricName,
  type MeshStatsSettings,
  type MetricOverrides,
  meshMetricNames,
} from './mesh-stats-settings.ts';

/** Labels of the standard metrics: these are replaced, all others added. */
const standardLabels: ReadonlySet<string> = new Set([
  'reporter',
  'source_workload',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_canonical_service',
  'source_canonical_revision',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_service',
  'destination_service_name',
  'destination_service_namespace',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_cluster',
  'request_protocol',
  'response_flags',
  'connection_security_policy',
  'response_code',
  'grpc_response_status',
]);

/** Names that Prometheus takes as labels. */
const labelPattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** More labels of one's own than anybody reads; each makes every series longer. */
const maxAddedLabels = 32;

interface Changes {
  readonly replaced: Map<string, CelExpression | undefined>;
  readonly added: Map<string, CelExpression>;
}

/** Overrides, while they are collected. */
class OverrideCollection {
  readonly #findings: Findings;
  readonly dropped = new Set<MeshMetricName>();
  readonly changes = new Map<string, Changes>();
  /** Custom metrics by name without prefix. */
  readonly custom = new Map<string, Omit<CustomMetric, 'labels'>>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  warn(path: string, message: string): void {
    this.#findings.warning(path, 'FieldInvalid', message);
  }

  /** An expression that cannot be read costs its label, as with Istio, not the configuration. */
  #expression(source: string, path: string): CelExpression | undefined {
    const { value, diagnostics } = compileCel(source, path);
    for (const diagnostic of diagnostics) this.warn(path, formatDiagnostic(diagnostic));
    return value;
  }

  /** Metrics that a name selects; no name: all. */
  #selected(name: string): readonly string[] {
    if (name === '') return [...meshMetricNames, ...this.custom.keys()];
    return isStandard(name) || this.custom.has(name) ? [name] : [];
  }

  #changesOf(metric: string): Changes {
    let changes = this.changes.get(metric);
    if (changes === undefined) {
      changes = { replaced: new Map(), added: new Map() };
      this.changes.set(metric, changes);
    }
    return changes;
  }

  define({ name, value, type }: MetricDefinition, path: string): void {
    if (isStandard(name) || !labelPattern.test(name)) {
      this.warn(`${path}.name`, `'${name}' cannot be defined`);
      return;
    }
    const expression = this.#expression(value, `${path}.value`);
    if (expression === undefined) return;
    const kind =
      type === MetricType.GAUGE ? 'gauge' : type === MetricType.HISTOGRAM ? 'histogram' : 'counter';
    this.custom.set(name, { family: `istio_${name}`, type: kind, value: expression });
  }

  override(config: MetricConfig, path: string): void {
    const metrics = this.#selected(config.name);
    if (metrics.length === 0) this.warn(`${path}.name`, `there is no metric '${config.name}'`);
    if (config.drop) {
      for (const metric of metrics) if (isStandard(metric)) this.dropped.add(metric);
      return;
    }
    for (const label of config.tagsToRemove) this.#remove(metrics, label);
    for (const label of Object.keys(config.dimensions).sort()) {
      const source = config.dimensions[label] ?? '';
      this.#set(metrics, label, { source, path: `${path}.dimensions[${label}]` });
    }
  }

  #remove(metrics: readonly string[], label: string): void {
    for (const metric of metrics) {
      const changes = this.#changesOf(metric);
      changes.added.delete(label);
      if (standardLabels.has(label)) changes.replaced.set(label, undefined);
    }
  }

  #set(
    metrics: readonly string[],
    label: string,
    { source, path }: { readonly source: string; readonly path: string },
  ): void {
    const expression = this.#expression(source, path);
    if (!labelPattern.test(label) || label.startsWith('__')) {
      this.warn(path, `'${label}' is no name of a label`);
      return;
    }
    for (const metric of metrics) {
      const { replaced, added } = this.#changesOf(metric);
      if (isStandard(metric) && standardLabels.has(label)) replaced.set(label, expression);
      else if (expression !== undefined && added.size < maxAddedLabels) {
        added.set(label, expression);
      }
    }
  }
}

const isStandard = (name: string): name is MeshMetricName =>
  (meshMetricNames as readonly string[]).includes(name);

const compileOverrides = (
  { metrics, definitions }: PluginConfig,
  findings: Findings,
  path: string,
): MetricOverrides | undefined => {
  if (metrics.length === 0 && definitions.length === 0) return undefined;
  const found = new OverrideCollection(findings);
  for (const [index, one] of definitions.entries()) {
    found.define(one, `${path}.definitions[${index}]`);
  }
  for (const [index, one] of metrics.entries()) found.override(one, `${path}.metrics[${index}]`);
  const labels = new Map<MeshMetricName, LabelChanges>();
  for (const [name, { replaced, added }] of found.changes) {
    if (isStandard(name)) labels.set(name, { replaced, added: [...added] });
  }
  const custom = [...found.custom].map(([name, metric]) => ({
    ...metric,
    labels: [...(found.changes.get(name)?.added ?? [])],
  }));
  return { dropped: found.dropped, labels, custom };
};

/** Compiles the settings of `istio.stats`. Names and expressions that mean nothing are warnings. */
export const compileMeshStats = (
  message: PluginConfig,
  findings: Findings,
  path: string,
): MeshStatsSettings => ({
  kind: 'mesh-stats',
  namesUnknownByHost: !message.disableHostHeaderFallback,
  tcpReportingMs: durationMsOr(message.tcpReportingDuration, defaultMeshStats.tcpReportingMs),
  reporter: message.reporter === Reporter.SERVER_GATEWAY ? 'waypoint' : 'by-direction',
  overrides: compileOverrides(message, findings, path),
  rotationMs: durationMsOr(message.rotationInterval, 0),
});
