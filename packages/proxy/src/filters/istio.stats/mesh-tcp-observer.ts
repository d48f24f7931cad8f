import type { MeshStatsSettings } from '@lateen/routing';
import type { Counter } from '../../stats/metric.ts';
import { tcpFormatContext } from '../../tcp/tcp-format-context.ts';
import type { TcpObserver } from '../../tcp/tcp-proxy.ts';
import type { TcpSession } from '../../tcp/tcp-session.ts';
import type { ConnectionTls } from '../../tls/connection-tls.ts';
import { upstreamTlsOf } from '../../tls/upstream-tls.ts';
import { LabelOverrides, MetricSource } from './label-overrides.ts';
import { endpointFacts, type MeshIdentity } from './mesh-identity.ts';
import { meshLabels, reporterOf, serviceOf, unknownPeer } from './mesh-labels.ts';
import { principalsOf, securityOf } from './mesh-principals.ts';
import type { MeshSeries } from './mesh-series.ts';

/** The connection whose certificates say who talks: the client's inbound, the server's outbound. */
const tlsOf = ({ isInbound, tls, endpoint }: TcpSession): ConnectionTls | undefined => {
  if (isInbound) return tls;
  return endpoint === undefined ? undefined : upstreamTlsOf(endpoint);
};

/** What is counted of one connection, and how much of it has been. */
class ConnectionReport {
  readonly #session: TcpSession;
  readonly #closed: Counter;
  readonly #received: Counter;
  readonly #sent: Counter;
  #receivedBytes = 0;
  #sentBytes = 0;

  constructor(session: TcpSession, source: MetricSource) {
    this.#session = session;
    source.counter('tcp_connections_opened_total').value++;
    this.#closed = source.counter('tcp_connections_closed_total');
    this.#received = source.counter('tcp_received_bytes_total');
    this.#sent = source.counter('tcp_sent_bytes_total');
  }

  /** Adds what came since the last time. */
  report(): void {
    const { bytesReceived, bytesSent } = this.#session;
    this.#received.value += bytesReceived - this.#receivedBytes;
    this.#sent.value += bytesSent - this.#sentBytes;
    this.#receivedBytes = bytesReceived;
    this.#sentBytes = bytesSent;
  }

  end(): void {
    this.report();
    this.#closed.value++;
  }
}

/** What the observer of a TCP chain is made of. */
export interface MeshTcpParts {
  readonly settings: MeshStatsSettings;
  readonly identity: MeshIdentity;
  readonly series: MeshSeries;
}

/** Istio's TCP metrics of one chain: connections opened and closed, bytes both ways. */
export class MeshTcpObserver implements TcpObserver {
  readonly #settings: MeshStatsSettings;
  readonly #identity: MeshIdentity;
  readonly #series: MeshSeries;
  readonly #overrides: LabelOverrides | undefined;
  readonly #reports = new Map<TcpSession, ConnectionReport>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor({ settings, identity, series }: MeshTcpParts) {
    this.#settings = settings;
    this.#identity = identity;
    this.#series = series;
    this.#overrides = settings.overrides && new LabelOverrides(settings.overrides);
  }

  opened(session: TcpSession): void {
    this.#begin(session);
    const { tcpReportingMs } = this.#settings;
    if (this.#timer !== undefined || tcpReportingMs === 0) return;
    this.#timer = setInterval(() => {
      for (const report of this.#reports.values()) report.report();
    }, tcpReportingMs);
    this.#timer.unref();
  }

  /** A connection that never reached its server was opened all the same. */
  closed(session: TcpSession): void {
    const report = this.#reports.get(session) ?? this.#begin(session);
    report.end();
    if (this.#overrides !== undefined) this.#countOwn(session, this.#overrides);
    this.#reports.delete(session);
    if (this.#reports.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #countOwn(session: TcpSession, overrides: LabelOverrides): void {
    const context = tcpFormatContext(session, this.#identity.node);
    overrides.countOwn(context, overrides.evaluate(context), this.#series);
  }

  #begin(session: TcpSession): ConnectionReport {
    const source = new MetricSource(
      this.#series,
      this.#overrides,
      this.#labelsOf(session),
      this.#valuesOf(session),
    );
    const report = new ConnectionReport(session, source);
    this.#reports.set(session, report);
    return report;
  }

  #valuesOf(session: TcpSession): readonly string[] {
    if (this.#overrides === undefined) return noValues;
    return this.#overrides.evaluate(tcpFormatContext(session, this.#identity.node));
  }

  #labelsOf(session: TcpSession): ReturnType<typeof meshLabels> {
    const { endpoint, cluster, isInbound, peer } = session;
    const { facts: own } = this.#identity;
    const other = peer ?? (endpoint && endpointFacts(endpoint.entry.metadata));
    const { source, destination, isMutual } = principalsOf(tlsOf(session), isInbound);
    const host = this.#settings.namesUnknownByHost ? session.serverName : '';
    return meshLabels({
      reporter: reporterOf(this.#settings, isInbound),
      source: isInbound ? (peer ?? unknownPeer) : own,
      destination: isInbound ? own : (other ?? unknownPeer),
      service: serviceOf(cluster, host),
      sourcePrincipal: source,
      destinationPrincipal: destination,
      security: securityOf(isInbound, isMutual),
      protocol: 'tcp',
      flags: session.flags,
    });
  }
}

const noValues: readonly string[] = [];
