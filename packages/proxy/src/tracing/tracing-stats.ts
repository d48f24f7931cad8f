import type { TraceReason, TracingProvider } from '@lateen/routing';
import type { ExporterStats } from '../export/batch-exporter.ts';
import type { Counter } from '../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../stats/registry.ts';

/** Counters of a provider under Envoy's names (`tracing.opentelemetry.*`, `tracing.zipkin.*`). */
export const exporterStats = (
  registry: StatsRegistry,
  { kind }: Pick<TracingProvider, 'kind'>,
): ExporterStats => {
  const scope = new StatsScope(registry, {
    prefix: `tracing.${kind}`,
    family: `envoy_tracing_${kind}`,
    labels: {},
  });
  const reports = kind === 'zipkin' ? 'reports' : 'http_reports';
  return {
    sent: scope.counter('spans_sent'),
    timerFlushed: scope.counter('timer_flushed'),
    dropped: scope.counter('spans_dropped'),
    outcome: {
      accepted: scope.counter(kind === 'zipkin' ? 'reports_sent' : 'http_reports_success'),
      refused: scope.counter(`${reports}_dropped`),
      failed: scope.counter(`${reports}_failed`),
      'no-cluster': scope.counter(`${reports}_skipped_no_cluster`),
    },
  };
};

/** Counters of decisions (`http.PREFIX.tracing.*`). */
export const decisionStats = (
  registry: StatsRegistry,
  statPrefix: string,
): Readonly<Record<TraceReason, Counter>> => {
  const scope = new StatsScope(registry, {
    prefix: `http.${statPrefix}.tracing`,
    family: 'envoy_http_tracing',
    labels: { envoy_http_conn_manager_prefix: statPrefix },
  });
  // No filter here marks requests as health checks: the counter is there for those who look for it.
  scope.counter('health_check');
  return {
    sampling: scope.counter('random_sampling'),
    'service-forced': scope.counter('service_forced'),
    'client-forced': scope.counter('client_enabled'),
    'not-traceable': scope.counter('not_traceable'),
  };
};
