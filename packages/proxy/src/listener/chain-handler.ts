import type net from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '@lateen/base';
import type { DownstreamTlsSettings, FilterChainTable, ListenerTable } from '@lateen/routing';
import { type LogDestinations, openAccessLogs } from '../access-log/access-logger.ts';
import {
  buildHttpFilters,
  buildNetworkGates,
  buildTcpObservers,
  type FilterEnvironment,
} from '../filters/filter-registry.ts';
import {
  exchangeProtocolOf,
  MetadataExchange,
} from '../filters/istio.metadata_exchange/metadata-exchange.ts';
import { gatedConnection, type NetworkGate, passGates } from '../filters/network-gate.ts';
import { ConnectionManager, type HttpDependencies } from '../http/connection-manager.ts';
import { HttpConnectionHost } from '../http/http-connection-host.ts';
import type { RouteHolder } from '../http/route-holder.ts';
import { Http2ConnectionHost } from '../http2/http2-connection-host.ts';
import { type TcpArrival, type TcpDependencies, TcpProxy } from '../tcp/tcp-proxy.ts';
import type { ConnectionTls } from '../tls/connection-tls.ts';
import { acceptTls, DownstreamTlsStats } from '../tls/downstream-tls.ts';
import type { SecureContexts } from '../tls/secure-context.ts';
import { type TracingEnvironment, tracingOf } from '../tracing/listener-tracing.ts';
import type { Inspection } from './inspection.ts';

/** What listeners share. */
export interface ListenerDependencies {
  readonly http: HttpDependencies;
  readonly tcp: Omit<TcpDependencies, 'observers' | 'exchange'>;
  readonly contexts: SecureContexts;
  readonly logs: LogDestinations;
  readonly log: Logger;
  readonly filters: FilterEnvironment;
  readonly tracing: TracingEnvironment;
  /** The holder of a named route configuration; made on first use. */
  routes(name: string): RouteHolder;
}

/** A connection whose transport is done. */
interface Arrival {
  readonly isTls: boolean;
  readonly serverName: string;
  readonly tls: ConnectionTls | undefined;
  /** Bytes that were read already. */
  readonly first: Buffer | undefined;
}

/** One filter chain at work. */
export class ChainHandler {
  readonly table: FilterChainTable;
  readonly #http: HttpConnectionHost | undefined;
  readonly #http2: Http2ConnectionHost | undefined;
  readonly #tcp: TcpProxy | undefined;
  readonly #deps: ListenerDependencies;
  readonly #isInbound: boolean;
  readonly #gates: readonly NetworkGate[];
  readonly #tlsStats: DownstreamTlsStats;
  #warned = '';

  constructor(
    listener: ListenerTable,
    table: FilterChainTable,
    deps: ListenerDependencies,
    onClosed: () => void,
  ) {
    this.table = table;
    this.#deps = deps;
    this.#isInbound = listener.direction === 'inbound';
    this.#gates = buildNetworkGates(table, deps.filters);
    this.#tlsStats = new DownstreamTlsStats(deps.http.stats, listener.statPrefix || listener.name);
    if (table.http !== undefined) {
      const settings = table.http;
      const { route } = settings;
      const holder: RouteHolder =
        route.kind === 'rds'
          ? deps.routes(route.name)
          : { table: route.kind === 'inline' ? route.table : undefined };
      const logs = [...settings.accessLogs];
      const manager = new ConnectionManager(
        {
          settings,
          routes: holder,
          filters: buildHttpFilters(
            settings.httpFilters,
            { listener, statPrefix: settings.statPrefix },
            deps.filters,
          ),
          accessLogs: openAccessLogs(logs, deps.logs, deps.log),
          tracing: tracingOf(settings, listener, deps.tracing),
          chainName: table.name,
          direction: listener.direction,
        },
        deps.http,
      );
      const http2 =
        settings.codec === 'http1' ? undefined : new Http2ConnectionHost(manager, onClosed);
      this.#http2 = http2;
      this.#http = new HttpConnectionHost(
        manager,
        onClosed,
        http2 && ((socket, isTls, first) => http2.accept(socket, isTls, first)),
      );
    } else if (table.tcp !== undefined) {
      const logs = openAccessLogs(table.tcp.accessLogs, deps.logs, deps.log);
      const observers = buildTcpObservers(table, deps.filters);
      const { identity, stats } = deps.filters;
      const protocol = exchangeProtocolOf(table);
      const exchange = new MetadataExchange({ identity, stats, protocol });
      this.#tcp = new TcpProxy(table.tcp, logs, { ...deps.tcp, observers, exchange }, onClosed);
    }
  }

  /** Takes a connection; `inspection` holds bytes that were read already. */
  accept(socket: net.Socket, inspection: Inspection | undefined): void {
    const { transport } = this.table;
    if (transport.kind === 'tls') this.#acceptTls(socket, transport.tls, inspection);
    else if (transport.kind === 'plain') {
      this.#serve(socket, {
        isTls: false,
        tls: undefined,
        serverName: inspection?.serverName ?? '',
        first: inspection?.bytes,
      });
    } else socket.destroy();
  }

  /** Lets a connection through the network filters, then serves it. */
  #serve(socket: net.Socket, arrival: Arrival): void {
    if (this.#gates.length === 0) {
      this.#hand(socket, arrival);
      return;
    }
    const remote = socket.remoteAddress ?? '';
    const localLabel = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
    const { serverName, tls } = arrival;
    const remoteLabel = `${remote}:${socket.remotePort ?? 0}`;
    const gated = gatedConnection({ remote, localLabel, serverName, tls }, remoteLabel);
    socket.on('error', () => undefined);
    passGates(this.#gates, gated, (admitted) => {
      if (socket.destroyed) return;
      if (!admitted) {
        this.#turnAway(socket, arrival, gated.denial);
        return;
      }
      // What came while a gate was thinking waits in the socket's queue.
      const waiting = socket.read() as Buffer | null;
      const parts = [arrival.first, waiting].filter((part) => part !== undefined && part !== null);
      const first = parts.length > 1 ? Buffer.concat(parts) : parts[0];
      this.#hand(socket, { ...arrival, first });
    });
  }

  #turnAway(socket: net.Socket, arrival: Arrival, reason: string): void {
    if (this.#tcp === undefined) socket.destroy();
    else this.#tcp.refuse(socket, this.#tcpArrival(arrival), reason);
  }

  #tcpArrival({ serverName, tls, first }: Arrival): TcpArrival {
    return { serverName, chainName: this.table.name, isInbound: this.#isInbound, tls, first };
  }

  #hand(socket: net.Socket, arrival: Arrival): void {
    const { isTls, first } = arrival;
    if (this.#http2 !== undefined && this.#isHttp2(socket)) {
      this.#http2.accept(socket, isTls, first);
    } else if (this.#http !== undefined) this.#http.accept(socket, isTls, first);
    else if (this.#tcp !== undefined) this.#tcp.accept(socket, this.#tcpArrival(arrival));
    else socket.destroy();
  }

  /** Known before the first byte; what turns out later is taken over from HTTP/1.1. */
  #isHttp2(socket: net.Socket): boolean {
    return this.table.http?.codec === 'http2' || (socket as TLSSocket).alpnProtocol === 'h2';
  }

  #acceptTls(
    socket: net.Socket,
    settings: DownstreamTlsSettings,
    inspection: Inspection | undefined,
  ): void {
    acceptTls(socket, {
      settings,
      contexts: this.#deps.contexts,
      stats: this.#tlsStats,
      timeoutMs: this.table.transportConnectTimeoutMs,
      inspection,
      offersHttp2: this.table.http?.codec !== 'http1',
      exchangesPeers: this.#tcp !== undefined && exchangeProtocolOf(this.table) !== undefined,
      refused: (reason) => this.#warn(reason),
      ready: (secure, tls) => {
        const { serverName } = tls;
        this.#warned = '';
        this.#serve(secure, { isTls: true, serverName, tls, first: undefined });
      },
    });
  }

  /** Says what is wrong with the chain's own TLS, once for each reason; connections are counted. */
  #warn(reason: string): void {
    if (reason === this.#warned) return;
    this.#warned = reason;
    this.#deps.log.warn('TLS cannot be served', { chain: this.table.name, reason });
  }

  drain(): void {
    this.#http?.drain();
    this.#http2?.drain();
  }

  closeIdle(): void {
    this.#http?.closeIdle();
    this.#http2?.drain();
  }

  sweep(nowMs: number): void {
    this.#http?.sweep(nowMs);
    this.#http2?.sweep(nowMs);
  }

  destroy(): void {
    this.#http?.destroy();
    this.#http2?.destroy();
    this.#tcp?.destroy();
  }

  get connectionCount(): number {
    const http = (this.#http?.connections.size ?? 0) + (this.#http2?.sessions.size ?? 0);
    return http + (this.#tcp?.sessions.size ?? 0);
  }
}
