import type { TracingProvider } from '@lateen/routing';
import {
  httpSender,
  otlpSender,
  type ReportWay,
  type SendReport,
} from '../export/report-sender.ts';

/** Zipkin's time for a report, as in Envoy. */
const zipkinTimeoutMs = 5_000;

const exportMethod = 'opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** How reports go to a provider; undefined: nowhere. */
export const reportSender = (way: ReportWay, provider: TracingProvider): SendReport | undefined => {
  if (provider.kind === 'opentelemetry') {
    return provider.target && otlpSender(way, provider.target, exportMethod);
  }
  const { cluster, hostname, path, headers } = provider;
  return httpSender(way, {
    cluster,
    authority: hostname || cluster,
    path,
    timeoutMs: provider.timeoutMs || zipkinTimeoutMs,
    headers: [['content-type', 'application/json'], ...headers],
  });
};
