import type { Logger } from '@lateen/base';
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

/** Says when a collector stops taking reports, and when it takes them again: once each. */
const watched = (send: SendReport, cluster: string, log: Logger): SendReport => {
  let wasTaken = true;
  return (body, done) =>
    send(body, (outcome) => {
      const isTaken = outcome === 'accepted';
      if (isTaken !== wasTaken) {
        wasTaken = isTaken;
        if (isTaken) log.info('spans are taken again', { cluster });
        else log.warn('spans are lost: the collector does not take them', { cluster, outcome });
      }
      done(outcome);
    });
};

/** What sending spans needs. */
export interface SpanWay extends ReportWay {
  readonly log: Logger;
}

/** How reports go to a provider; undefined: nowhere. */
export const reportSender = (way: SpanWay, provider: TracingProvider): SendReport | undefined => {
  if (provider.kind === 'opentelemetry') {
    const { target } = provider;
    return target && watched(otlpSender(way, target, exportMethod), target.cluster, way.log);
  }
  const { cluster, hostname, path, headers } = provider;
  const send = httpSender(way, {
    cluster,
    authority: hostname || cluster,
    path,
    timeoutMs: provider.timeoutMs || zipkinTimeoutMs,
    headers: [['content-type', 'application/json'], ...headers],
  });
  return watched(send, cluster, way.log);
};
