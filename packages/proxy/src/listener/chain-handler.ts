import type net from 'node:net';
import tls from 'node:tls';
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
import { refusePeer } from '../tls/peer-check.ts';
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

/** Handshakes that take longer are closed when the chain sets no time of its own. */
const defaultHandshakeMs = 15_000;

/** One filter chain at work. */
export class ChainHandler {
  readonly table: FilterChainTable;
  readonly #http: HttpConnectionHost | undefined;
  readonly #http2: Http2ConnectionHost | undefined;
  readonly #tcp: TcpProxy | undefined;
  readonly #deps: ListenerDependencies;
  readonly #isInbound: boolean;

  constructor(
    listener: ListenerTable,
    table: FilterChainTable,
    deps: ListenerDependencies,
    onClosed: () => void,
  ) {
    this.table = table;
    this.#deps = deps;
    this.#isInbound = listener.direction === 'inbound';
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
      readonly first: Buffer | undefined;
    },
  ): void {
    if (this.#http2 !== undefined && this.#isHttp2(socket)) {
      this.#http2.accept(socket, options.isTls, options.first);
    } else if (this.#http !== undefined) this.#http.accept(socket, options.isTls, options.first);
    else if (this.#tcp !== undefined) {
      const { serverName, first } = options;
      const { name: chainName } = this.table;
      this.#tcp.accept(socket, { serverName, chainName, isInbound: this.#isInbound, first });
    } else socket.destroy();
  }

  /** Known before the first byte; what turns out later is taken over from HTTP/1.1. */
  #isHttp2(socket: net.Socket): boolean {
    return this.table.http?.codec === 'http2' || (socket as tls.TLSSocket).alpnProtocol === 'h2';
  }

  #acceptTls(
    socket: net.Socket,
    settings: DownstreamTlsSettings,
    inspection: Inspection | undefined,
  ): void {
    let secure: tls.TLSSocket;
    try {
      if (inspection !== undefined && inspection.bytes.length > 0) socket.unshift(inspection.bytes);
      secure = this.#wrap(socket, settings);
    } catch (error) {
      this.#deps.log.warn('TLS cannot be served', { chain: this.table.name, error: String(error) });
      socket.destroy();
      return;
    }
    const limit = this.table.transportConnectTimeoutMs || defaultHandshakeMs;
    const timer = setTimeout(() => secure.destroy(), limit);
    timer.unref();
    secure.on('error', () => secure.destroy());
    secure.once('close', () => clearTimeout(timer));
    secure.once('secure', () => {
      clearTimeout(timer);
      if (this.#refuses(secure, settings)) {
        secure.destroy();
        return;
      }
      const name = (secure as { servername?: string | false }).servername;
      this.#serve(secure, { isTls: true, serverName: name || '', first: undefined });
    });
  }

  #wrap(socket: net.Socket, settings: DownstreamTlsSettings): tls.TLSSocket {
    const asks = settings.validation?.trustedCa !== undefined || settings.requireClientCertificate;
    return new tls.TLSSocket(socket, {
      isServer: true,
      secureContext: this.#deps.contexts.get(settings),
      requestCert: asks,
      rejectUnauthorized: false,
      ...(settings.alpn.length > 0 && {
        ALPNCallback: chooseProtocol(this.#offers(settings.alpn)),
      }),
    });
  }

  /** HTTP/2 is left out where the connection manager speaks HTTP/1.1 only. */
  #offers(configured: readonly string[]): readonly string[] {
    return this.table.http?.codec === 'http1'
      ? configured.filter((name) => name !== 'h2')
      : configured;
  }

  /** Whether the client's certificate (or the lack of one) ends the connection. */
  #refuses(socket: tls.TLSSocket, settings: DownstreamTlsSettings): boolean {
    const certificate = socket.getPeerCertificate();
    const isPresented = certificate !== null && Object.keys(certificate).length > 0;
    if (!isPresented) return settings.requireClientCertificate;
    const { validation } = settings;
    if (validation === undefined || validation.acceptUntrusted) return false;
    const error = (
      socket as unknown as { ssl?: { verifyError(): Error | null } }
    ).ssl?.verifyError();
    if (error && validation.trustedCa !== undefined) return true;
    return refusePeer(certificate, validation) !== undefined;
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

/** The first of our protocols that the client offers. */
const chooseProtocol =
  (ours: readonly string[]) =>
  ({ protocols }: { protocols: string[] }): string | undefined =>
    ours.find((name) => protocols.includes(name));
