import type net from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Dice, FormatNode, TcpProxySettings } from '@lateen/routing';
import type { AccessLogger } from '../access-log/access-logger.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type Hash64, xxHash64 } from '../cluster/xx-hash.ts';
import type {
  MetadataExchange,
  PeerSide,
} from '../filters/istio.metadata_exchange/metadata-exchange.ts';
import type { ClusterDirectory } from '../http/connection-manager.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import type { ConnectionTls } from '../tls/connection-tls.ts';
import { tcpFormatContext } from './tcp-format-context.ts';
import type { TcpSession } from './tcp-session.ts';
import { TcpStats } from './tcp-stats.ts';

/** What TCP proxies share. */
export interface TcpDependencies {
  readonly clusters: ClusterDirectory;
  readonly stats: StatsRegistry;
  readonly dice: Dice;
  readonly nowMs: () => number;
  /** Who this proxy is, for formats and expressions. */
  readonly node: FormatNode;
  /** Told when a session begins and ends; statistics of the mesh hang on it. */
  readonly observers: readonly TcpObserver[];
  /** Tells peers who we are, and hears who they are. */
  readonly exchange: MetadataExchange;
}

/** Looks on. */
export interface TcpObserver {
  opened(session: TcpSession): void;
  closed(session: TcpSession): void;
}

/** What is known of a connection before the proxy takes it. */
export interface TcpArrival {
  readonly serverName: string;
  readonly chainName: string;
  /** The listener takes traffic for its own workload. */
  readonly isInbound: boolean;
  readonly tls: ConnectionTls | undefined;
  /** Bytes that were read already. */
  readonly first: Buffer | undefined;
}

/** `envoy.filters.network.tcp_proxy`: bytes both ways, each direction closed for itself. */
export class TcpProxy {
  readonly settings: TcpProxySettings;
  readonly sessions: Set<TcpSession> = new Set<TcpSession>();
  readonly #logs: readonly AccessLogger[];
  readonly #deps: TcpDependencies;
  readonly #stats: TcpStats;
  readonly #onClosed: () => void;

  constructor(
    settings: TcpProxySettings,
    logs: readonly AccessLogger[],
    deps: TcpDependencies,
    onClosed: () => void,
  ) {
    this.settings = settings;
    this.#logs = logs;
    this.#deps = deps;
    this.#stats = new TcpStats(deps.stats, settings.statPrefix);
    this.#onClosed = onClosed;
  }

  /** Takes over a connection. */
  accept(socket: net.Socket, arrival: TcpArrival): void {
    const session = this.#begin(socket, arrival);
    session.cluster = this.#selectCluster();
    if (session.cluster === undefined) {
      this.#stats.noRoute.value++;
      session.flags = 'NC';
      socket.destroy();
      return;
    }
    socket.pause();
    this.#connect(session, session.cluster, arrival.first, 1);
  }

  /** Ends a connection that a filter did not let in; it is logged with the reason. */
  refuse(socket: net.Socket, arrival: TcpArrival, reason: string): void {
    const session = this.#begin(socket, arrival);
    session.terminationDetails = reason;
    socket.destroy();
  }

  /** Closes everything at once. */
  destroy(): void {
    for (const { downstream } of this.sessions) downstream.destroy();
  }

  #begin(socket: net.Socket, arrival: TcpArrival): TcpSession {
    const session: TcpSession = {
      downstream: socket,
      remoteLabel: `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`,
      localLabel: `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`,
      serverName: arrival.serverName,
      chainName: arrival.chainName,
      isInbound: arrival.isInbound,
      tls: arrival.tls,
      startMs: this.#deps.nowMs(),
      cluster: undefined,
      endpoint: undefined,
      peer: undefined,
      upstreamLocalLabel: undefined,
      transportFailure: undefined,
      terminationDetails: undefined,
      flags: '',
      bytesReceived: 0,
      bytesSent: 0,
      durationMs: 0,
    };
    this.sessions.add(session);
    this.#stats.connections.value++;
    this.#stats.connectionsActive.value++;
    socket.on('error', () => undefined);
    socket.once('close', () => this.#end(session));
    return session;
  }

  #hash({ downstream }: TcpSession): Hash64 | undefined {
    return this.settings.hashSourceIp ? xxHash64(downstream.remoteAddress ?? '') : undefined;
  }

  #selectCluster(): Cluster | undefined {
    const { cluster } = this.settings.select(this.#deps.dice);
    return this.#deps.clusters.get(cluster);
  }

  #connect(
    session: TcpSession,
    cluster: Cluster,
    first: Buffer | undefined,
    attempt: number,
  ): void {
    const { downstream } = session;
    const { localAddress = '', localPort = 0 } = downstream;
    const endpoint = cluster.isOriginalDestination
      ? cluster.original(localAddress, localPort)
      : cluster.pick({ hash: this.#hash(session), dice: this.#deps.dice }, undefined);
    session.endpoint = endpoint;
    if (endpoint === undefined) {
      session.flags = 'UH';
      downstream.destroy();
      return;
    }
    const opened = cluster.openTcp(endpoint, {
      authority: session.serverName,
      alpn: [],
      exchangesPeers: true,
      downstream: session,
    });
    if (opened === undefined) {
      session.flags = 'UO';
      downstream.destroy();
      return;
    }
    opened.whenConnected(
      (upstream) => {
        cluster.report(endpoint, { kind: 'connected' });
        this.#join(session, upstream, first);
      },
      (failure) => {
        cluster.report(endpoint, { kind: 'local-failure' });
        if (attempt < this.settings.maxConnectAttempts && !downstream.destroyed) {
          this.#connect(session, cluster, first, attempt + 1);
          return;
        }
        session.flags = 'UF';
        session.transportFailure = failure;
        downstream.destroy();
      },
    );
    downstream.once('close', () => opened.destroy());
  }

  #join(session: TcpSession, upstream: net.Socket, first: Buffer | undefined): void {
    const { downstream } = session;
    session.upstreamLocalLabel = `${upstream.localAddress ?? ''}:${upstream.localPort ?? 0}`;
    const { idleTimeoutMs, maxConnectionDurationMs } = this.settings;
    if (maxConnectionDurationMs > 0) {
      const timer = setTimeout(() => downstream.destroySoon(), maxConnectionDurationMs);
      downstream.once('close', () => clearTimeout(timer));
    }
    if (idleTimeoutMs > 0) {
      // Activity in either direction counts: both sockets keep their own time.
      downstream.setTimeout(idleTimeoutMs, () => {
        downstream.destroy();
        upstream.destroy();
      });
    }
    const { client, server } = this.#exchange(session, upstream);
    const toUpstream = (bytes: Buffer): void => {
      if (bytes.length === 0) return;
      session.bytesReceived += bytes.length;
      if (!upstream.write(bytes)) downstream.pause();
    };
    const toDownstream = (bytes: Buffer): void => {
      if (bytes.length === 0) return;
      session.bytesSent += bytes.length;
      if (!downstream.write(bytes)) upstream.pause();
    };
    if (first !== undefined) toUpstream(client.take(first));
    downstream.on('data', (chunk: Buffer) => toUpstream(client.take(chunk)));
    upstream.on('data', (chunk: Buffer) => toDownstream(server.take(chunk)));
    upstream.on('drain', () => downstream.resume());
    downstream.on('drain', () => upstream.resume());
    downstream.on('end', () => {
      toUpstream(client.end());
      upstream.end();
    });
    upstream.on('end', () => {
      toDownstream(server.end());
      downstream.end();
    });
    upstream.once('close', () => {
      if (!downstream.writableEnded || !downstream.readableEnded) downstream.destroySoon();
    });
    downstream.resume();
    upstream.resume();
  }

  /** Begins the exchange on both connections; the session counts as open when its peer is known. */
  #exchange(
    session: TcpSession,
    upstream: net.Socket,
  ): { readonly client: PeerSide; readonly server: PeerSide } {
    const { exchange, observers } = this.#deps;
    const agreed = (upstream as TLSSocket).alpnProtocol || undefined;
    const client = exchange.withClient(session.downstream, session.tls?.alpn);
    const protocol = session.cluster?.table.metadataExchange;
    const server = exchange.withServer(upstream, protocol, agreed);
    (session.isInbound ? client : server).whenKnown((peer) => {
      // Its end was told already.
      if (!this.sessions.has(session)) return;
      session.peer = peer;
      for (const observer of observers) observer.opened(session);
    });
    return { client, server };
  }

  #end(session: TcpSession): void {
    if (!this.sessions.delete(session)) return;
    session.durationMs = this.#deps.nowMs() - session.startMs;
    this.#stats.connectionsActive.value--;
    this.#stats.receivedBytes.value += session.bytesReceived;
    this.#stats.sentBytes.value += session.bytesSent;
    for (const observer of this.#deps.observers) observer.closed(session);
    if (this.#logs.length > 0) {
      const context = tcpFormatContext(session, this.#deps.node);
      for (const log of this.#logs) log.write(context);
    }
    this.#onClosed();
  }
}
