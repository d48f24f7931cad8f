import net from 'node:net';
import type { ClusterTable, UpstreamTlsSettings } from '@lateen/routing';
import type { ConnectPlan } from '../http1/client-connection.ts';
import { peerExchangeProtocol } from '../tls/peer-exchange-protocol.ts';
import type { SecureContexts, TlsMaterial } from '../tls/secure-context.ts';
import { connectTls } from '../tls/upstream-tls.ts';
import type { UpstreamTlsStats } from '../tls/upstream-tls-stats.ts';
import type { Endpoint } from './endpoint.ts';
import { type ProxiedConnection, proxyHeader } from './proxy-protocol-header.ts';

/** What one connection needs besides the endpoint. */
export interface SocketRequest {
  /** Authority of the request, for `auto_sni`. */
  readonly authority: string;
  /** Both ends of the client's connection, for PROXY protocol headers; undefined: there is none. */
  readonly downstream?: ProxiedConnection;
  /** Offered protocols; empty: those of the transport socket. */
  readonly alpn: readonly string[];
  /** What an HTTP request came as, `upgrade` when it wants to leave HTTP. Undefined: no HTTP. */
  readonly protocol?: 'http1' | 'http2' | 'upgrade';
  /** Who is who may be told before the first byte, where the cluster does that. */
  readonly exchangesPeers?: boolean;
  /** What will be spoken. */
  readonly speaks?: 'http1' | 'http2' | 'auto';
}

const addressOf = (endpoint: Endpoint): net.TcpNetConnectOpts | net.IpcNetConnectOpts => {
  const { address } = endpoint.entry;
  if (address.kind === 'pipe') return { path: address.path };
  if (address.kind === 'socket') return { host: address.host, port: address.port };
  throw new TypeError('internal listeners are not reachable by sockets');
};

/** HTTP/2 is offered where it will be spoken, and only there. */
const offeredProtocols = (request: SocketRequest, configured: readonly string[]) => {
  if (request.alpn.length > 0) return request.alpn;
  if (request.speaks === 'auto') return ['h2', 'http/1.1'];
  if (request.speaks === 'http2') return configured.includes('h2') ? configured : ['h2'];
  return request.protocol === undefined ? configured : configured.filter((name) => name !== 'h2');
};

const hostOnly = (authority: string): string => authority.replace(/:\d+$/, '');

const serverNameOf = (
  settings: UpstreamTlsSettings,
  cluster: ClusterTable,
  { authority }: SocketRequest,
): string => {
  if (settings.serverName !== '') return settings.serverName;
  const host = hostOnly(authority);
  return cluster.http.autoServerName && net.isIP(host) === 0 ? host : '';
};

/** What a connection needs below TLS. */
interface PlainOptions {
  readonly cluster: ClusterTable;
  readonly endpoint: Endpoint;
  /** Goes out before everything else. */
  readonly preface: Uint8Array | undefined;
}

/** Local address to connect from; the wildcard leaves the choice to the system. */
const sourceOf = ({ bindAddress }: ClusterTable): string | undefined => {
  if (bindAddress?.kind !== 'socket') return undefined;
  const { host } = bindAddress;
  return host === '' || host === '0.0.0.0' || host === '::' ? undefined : host;
};

const openPlain = (
  { cluster, endpoint, preface }: PlainOptions,
  onread: net.OnReadOpts | undefined,
): net.Socket => {
  const bind = sourceOf(cluster);
  const socket = net.connect({
    ...addressOf(endpoint),
    noDelay: true,
    ...(onread !== undefined && { onread }),
    ...(cluster.tcpKeepalive !== undefined && {
      keepAlive: true,
      keepAliveInitialDelay: (cluster.tcpKeepalive.timeSeconds ?? 0) * 1000,
    }),
    ...(bind !== undefined && { localAddress: bind }),
  });
  if (preface !== undefined) socket.write(preface);
  return socket;
};

/** Whether connections of a cluster differ by what they were made for. */
export const isKeyedPool = ({ transport, transportMatches, http }: ClusterTable): boolean =>
  http.autoServerName ||
  [transport, ...transportMatches.map((match) => match.transport)].some(
    ({ kind }) => kind === 'proxy-protocol',
  );

/** Requests share connections when this is equal: the client in PROXY headers, the server name. */
export const poolKey = (cluster: ClusterTable, request: SocketRequest): string => {
  const name = cluster.http.autoServerName ? hostOnly(request.authority) : '';
  const { remoteLabel = '', localLabel = '' } = request.downstream ?? {};
  return `${name} ${remoteLabel} ${localLabel}`;
};

/** A socket that fails at once: what cannot even be tried is reported like a connection that failed. */
const failedSocket = (cause: unknown): net.Socket => {
  const socket = new net.Socket();
  socket.destroy(cause instanceof Error ? cause : new Error(String(cause)));
  return socket;
};

const attempt = (open: () => net.Socket): net.Socket => {
  try {
    return open();
  } catch (cause) {
    return failedSocket(cause);
  }
};

/** Throws `ProxyError` when a secret is missing, and counts it. */
const materialOf = (
  contexts: SecureContexts,
  settings: UpstreamTlsSettings,
  stats: UpstreamTlsStats,
): TlsMaterial => {
  try {
    return contexts.get(settings);
  } catch (error) {
    stats.secretMissing();
    throw error;
  }
};

/** How to connect to an endpoint of a cluster. */
export const planConnection = (
  cluster: ClusterTable,
  endpoint: Endpoint,
  contexts: SecureContexts,
  request: SocketRequest,
): ConnectPlan => {
  const chosen = cluster.selectTransport(endpoint.entry.metadata);
  const isWrapped = chosen.kind === 'proxy-protocol';
  const transport = isWrapped ? chosen.inner : chosen;
  const preface = isWrapped ? proxyHeader(chosen.version, request.downstream) : undefined;
  const plainOptions = { cluster, endpoint, preface };
  const { connectTimeoutMs } = cluster;
  if (transport.kind !== 'tls') {
    return {
      isTls: false,
      connectTimeoutMs,
      open: (onread) => attempt(() => openPlain(plainOptions, onread)),
    };
  }
  const { tls: settings } = transport;
  const serverName = serverNameOf(settings, cluster, request);
  const exchanges = request.exchangesPeers === true && cluster.metadataExchange !== undefined;
  const configured = exchanges
    ? settings.alpn
    : settings.alpn.filter((name) => name !== peerExchangeProtocol);
  const alpn = offeredProtocols(request, configured);
  return {
    isTls: true,
    connectTimeoutMs,
    open: () =>
      attempt(() => {
        // Before the socket: without certificates there is nothing to connect for.
        const stats = contexts.upstreamStats(cluster);
        const material = materialOf(contexts, settings, stats);
        const plain = openPlain(plainOptions, undefined);
        const requiredName = cluster.http.autoSanValidation ? serverName : '';
        const resumes = settings.maxSessionKeys > 0;
        const wanted = { peer: endpoint, serverName, alpn, requiredName, resumes, stats };
        return connectTls(plain, material, wanted);
      }),
  };
};
