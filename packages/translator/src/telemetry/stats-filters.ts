import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@lateen/xds';
import {
  type MetricConfig,
  MetricConfigSchema,
  PluginConfigSchema,
} from '@lateen/xds/gen/istio/envoy/extensions/stats/config_pb.js';
import { duration } from '../envoy/duration.ts';
import type {
  MetricsOverrideInput,
  MetricsSection,
  TagOverride,
  Telemetry,
} from '../input/telemetry.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { findProvider } from '../push-context/extension-provider-lookup.ts';
import { providerNames, withProviders } from './section-providers.ts';
import { isForSide, type ListenerClass, type Side, sideOf } from './side.ts';

/** Names of `MetricSelector.IstioMetric`, and what Prometheus calls them after `istio_`. */
const prometheusNames: ReadonlyMap<string, string> = new Map([
  ['GRPC_REQUEST_MESSAGES', 'request_messages_total'],
  ['GRPC_RESPONSE_MESSAGES', 'response_messages_total'],
  ['REQUEST_COUNT', 'requests_total'],
  ['REQUEST_DURATION', 'request_duration_milliseconds'],
  ['REQUEST_SIZE', 'request_bytes'],
  ['RESPONSE_SIZE', 'response_bytes'],
  ['TCP_CLOSED_CONNECTIONS', 'tcp_connections_closed_total'],
  ['TCP_OPENED_CONNECTIONS', 'tcp_connections_opened_total'],
  ['TCP_RECEIVED_BYTES', 'tcp_received_bytes_total'],
  ['TCP_SENT_BYTES', 'tcp_sent_bytes_total'],
]);
const allMetrics: readonly string[] = [...prometheusNames.keys()];

interface MetricOverride {
  disabled: boolean;
  readonly tags: Map<string, TagOverride>;
}

/** What one provider is told of metrics. */
interface ProviderMetrics {
  /** The whole side is switched off. */
  disabled: boolean;
  reportingIntervalMs: number | undefined;
  /** By name of the metric. */
  readonly overrides: Map<string, MetricOverride>;
}

const isAll = ({ match }: MetricsOverrideInput): boolean =>
  match?.customMetric === undefined &&
  (match?.metric === undefined || match.metric === 'ALL_METRICS');

const metricsOf = (override: MetricsOverrideInput): readonly string[] => {
  if (isAll(override)) return allMetrics;
  const name = override.match?.customMetric ?? override.match?.metric;
  return name === undefined ? [] : [name];
};

const applyOverride = (metrics: ProviderMetrics, override: MetricsOverrideInput): void => {
  if (isAll(override) && override.disabled === true) {
    metrics.disabled = true;
    return;
  }
  // What is more specific may switch single metrics on again.
  metrics.disabled = false;
  for (const name of metricsOf(override)) {
    const known = metrics.overrides.get(name) ?? { disabled: false, tags: new Map() };
    known.disabled = override.disabled ?? known.disabled;
    for (const [tag, value] of override.tagOverrides) known.tags.set(tag, value);
    metrics.overrides.set(name, known);
  }
};

const applySection = (metrics: ProviderMetrics, section: MetricsSection, side: Side): void => {
  metrics.reportingIntervalMs = section.reportingInterval ?? metrics.reportingIntervalMs;
  for (const override of section.overrides) {
    if (isForSide(override.match?.mode, side)) applyOverride(metrics, override);
  }
};

const nothingSaid = (): ProviderMetrics => ({
  disabled: false,
  reportingIntervalMs: undefined,
  overrides: new Map(),
});

/**
 * Istio's `mergeMetrics` for one side: the most specific section that names providers says which there
 * are; overrides of all sections apply in order, later over earlier.
 */
const mergeMetrics = (
  { defaultProviders: { metrics: defaults } }: MeshConfig,
  sections: readonly MetricsSection[],
  side: Side,
): ReadonlyMap<string, ProviderMetrics> => {
  if (sections.length === 0) return new Map(defaults.map((name) => [name, nothingSaid()]));
  const named = sections.map(providerNames).findLast((names) => names.length > 0);
  const inScope = new Set(named ?? defaults);
  const merged = new Map<string, ProviderMetrics>();
  for (const { section, names } of withProviders(sections, defaults, inScope)) {
    for (const name of names) {
      const metrics = merged.get(name) ?? nothingSaid();
      merged.set(name, metrics);
      applySection(metrics, section, side);
    }
  }
  return merged;
};

const byName = <T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] =>
  [...entries].sort(([left], [right]) => (left === right ? 0 : left < right ? -1 : 1));

const metricConfig = (metric: string, { disabled, tags }: MetricOverride): MetricConfig => {
  const sorted = byName(tags);
  return create(MetricConfigSchema, {
    name: prometheusNames.get(metric) ?? metric,
    drop: disabled,
    dimensions: Object.fromEntries(
      sorted.flatMap(([tag, { operation, value }]) =>
        operation === 'REMOVE' ? [] : [[tag, value ?? '']],
      ),
    ),
    tagsToRemove: sorted.flatMap(([tag, { operation }]) => (operation === 'REMOVE' ? [tag] : [])),
  });
};

/**
 * Where Istio leaves the filter out, it stays with every metric dropped: ours is also what tells peers
 * who they talk to, and the other side's metrics need that.
 */
const droppedMetrics = (): MetricConfig[] =>
  allMetrics.map((name) => metricConfig(name, { disabled: true, tags: new Map() }));

/**
 * `stats.PluginConfig` of each `istio.stats` filter: one for each provider of metrics. Host headers from
 * outside the mesh, or of the workload's own clients, name no service.
 */
export const statsFilters = (
  mesh: MeshConfig,
  telemetries: readonly Telemetry[],
  listenerClass: ListenerClass,
): readonly Any[] => {
  const sections = telemetries.flatMap(({ metrics }) => metrics);
  const merged = mergeMetrics(mesh, sections, sideOf(listenerClass));
  return byName(merged)
    .filter(([name]) => findProvider(mesh, name)?.prometheus !== undefined)
    .map(([, { disabled, overrides, reportingIntervalMs }]) =>
      packAny(
        PluginConfigSchema,
        create(PluginConfigSchema, {
          disableHostHeaderFallback: listenerClass !== 'sidecar-outbound',
          metrics: disabled
            ? droppedMetrics()
            : byName(overrides).map(([name, override]) => metricConfig(name, override)),
          ...(reportingIntervalMs !== undefined && {
            tcpReportingDuration: duration(reportingIntervalMs),
          }),
        }),
      ),
    );
};
