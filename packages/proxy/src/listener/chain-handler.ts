import type net from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '@lateen/base';
import type { DownstreamTlsSettings, FilterChainTable, ListenerTable } from '@lateen/routing';
import { openAccessLogs } from '../access-log/access-logger.ts';
import type { LogSinks } from '../access-log/log-sink.ts';
import { buildHttpFilters, type FilterEnvironment } from '../filters/filter-registry.ts';
import { ConnectionManager, type HttpDependencies } from '../http/connection-manager.ts';
import { HttpConnectionHost } from '../http/http-connection-host.ts';
import type { RouteHolder } from '../http/route-holder.ts';
import { Http2ConnectionHost } from '../http2/http2-connection-host.ts';
import { type TcpDependencies, TcpProxy } from '../tcp/tcp-proxy.ts';
import type { ConnectionTls } from '../tls/connection-tls.ts';
import { acceptTls, DownstreamTlsStats } from '../tls/downstream-tls.ts';
import type { SecureContexts } from '../tls/secure-context.ts';
import type { Inspection } from './inspection.ts';

/** What listeners share. */
export interface ListenerDependencies {
  readonly http: HttpDependencies;
  readonly tcp: TcpDependencies;
  readonly contexts: SecureContexts;
  readonly sinks: LogSinks;
  readonly log: Logger;
  readonly filters: FilterEnvironment;
  /** The holder of a named route configuration; made on first use. */
  routes(name: string): RouteHolder;
}

/** One filter chain at work. */
export class ChainHandler {
  readonly table: FilterChainTable;
  readonly #http: HttpConnectionHost | undefined;
  readonly #http2: Http2ConnectionHost | undefined;
  readonly #tcp: TcpProxy | undefined;
  readonly #deps: ListenerDependencies;
  readonly #isInbound: boolean;
  readonly #tlsStats: DownstreamTlsStats;

  constructor(
    listener: ListenerTable,
    table: FilterChainTable,
    deps: ListenerDependencies,
    onClosed: () => void,
  ) {
    this.table = table;
    this.#deps = deps;
    this.#isInbound = listener.direction === 'inbound';
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
          filters: buildHttpFilters(settings.httpFilters, listener, deps.filters),
          accessLogs: openAccessLogs(logs, deps.sinks, deps.log),
          chainName: table.name,
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
      const logs = openAccessLogs(table.tcp.accessLogs, deps.sinks, deps.log);
      this.#tcp = new TcpProxy(table.tcp, logs, deps.tcp, onClosed);
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

  #serve(
    socket: net.Socket,
    options: {
      readonly isTls: boolean;
      readonly serverName: string;
      readonly tls: ConnectionTls | undefined;
      readonly first: Buffer | undefined;
    },
  ): void {
    if (this.#http2 !== undefined && this.#isHttp2(socket)) {
      this.#http2.accept(socket, options.isTls, options.first);
    } else if (this.#http !== undefined) this.#http.accept(socket, options.isTls, options.first);
    else if (this.#tcp !== undefined) {
      const { serverName, tls, first } = options;
      const { name: chainName } = this.table;
      const isInbound = this.#isInbound;
      this.#tcp.accept(socket, { serverName, chainName, isInbound, tls, first });
    } else socket.destroy();
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
      refused: (reason) => this.#warn(reason),
      ready: (secure, tls) => {
        const { serverName } = tls;
        this.#serve(secure, { isTls: true, serverName, tls, first: undefined });
      },
    });
  }

  /** Says what is wrong with the chain's own TLS; what clients do wrong is counted alone. */
  #warn(reason: string): void {
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
