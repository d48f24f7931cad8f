import net from 'node:net';
import tls from 'node:tls';
import type { ClusterTable, UpstreamTlsSettings, UpstreamTransport } from '@lateen/routing';
import type { ConnectPlan } from '../http1/client-connection.ts';
import { refusePeer } from '../tls/peer-check.ts';
import type { SecureContexts } from '../tls/secure-context.ts';
import type { Endpoint } from './endpoint.ts';

/** What one connection needs besides the endpoint. */
export interface SocketRequest {
  /** Authority of the request, for `auto_sni`. */
  readonly authority: string;
  /** Offered protocols; empty: those of the transport socket. */
  readonly alpn: readonly string[];
}

const addressOf = (endpoint: Endpoint): net.TcpNetConnectOpts | net.IpcNetConnectOpts => {
  const { address } = endpoint.entry;
  if (address.kind === 'pipe') return { path: address.path };
  if (address.kind === 'socket') return { host: address.host, port: address.port };
  throw new TypeError('internal listeners are not reachable by sockets');
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

const wrapTls = (
  plain: net.Socket,
  settings: UpstreamTlsSettings,
  options: {
    readonly contexts: SecureContexts;
    readonly serverName: string;
    readonly alpn: readonly string[];
  },
): tls.TLSSocket => {
  const { validation } = settings;
  const verifies = validation?.trustedCa !== undefined && !validation.acceptUntrusted;
  const secureContext = options.contexts.get(settings);
  const socket = tls.connect({
    socket: plain,
    secureContext,
    rejectUnauthorized: verifies,
    // Names are checked against the configured list, not the server name (Envoy's rule).
    checkServerIdentity: () => undefined,
    ...(options.serverName !== '' && { servername: options.serverName }),
    ...(options.alpn.length > 0 && { ALPNProtocols: [...options.alpn] }),
  });
  socket.once('secureConnect', () => {
    const refusal = refusePeer(socket.getPeerCertificate(), validation);
    if (refusal !== undefined) socket.destroy(new Error(`TLS error: ${refusal}`));
  });
  return socket;
};

const openPlain = (
  cluster: ClusterTable,
  endpoint: Endpoint,
  onread: net.OnReadOpts | undefined,
): net.Socket => {
  const bind = cluster.bindAddress;
  return net.connect({
    ...addressOf(endpoint),
    noDelay: true,
    ...(onread !== undefined && { onread }),
    ...(cluster.tcpKeepalive !== undefined && {
      keepAlive: true,
      keepAliveInitialDelay: (cluster.tcpKeepalive.timeSeconds ?? 0) * 1000,
    }),
    ...(bind?.kind === 'socket' && { localAddress: bind.host }),
  });
};

/** The transport an endpoint is reached by; PROXY protocol headers are not sent. */
const transportOf = (cluster: ClusterTable, endpoint: Endpoint): UpstreamTransport => {
  const transport = cluster.selectTransport(endpoint.entry.metadata);
  return transport.kind === 'proxy-protocol' ? transport.inner : transport;
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

/** How to connect to an endpoint of a cluster. */
export const planConnection = (
  cluster: ClusterTable,
  endpoint: Endpoint,
  contexts: SecureContexts,
  request: SocketRequest,
): ConnectPlan => {
  const transport = transportOf(cluster, endpoint);
  const { connectTimeoutMs } = cluster;
  if (transport.kind !== 'tls') {
    return {
      isTls: false,
      connectTimeoutMs,
      open: (onread) => attempt(() => openPlain(cluster, endpoint, onread)),
    };
  }
  const { tls: settings } = transport;
  const serverName = serverNameOf(settings, cluster, request);
  const alpn = request.alpn.length > 0 ? request.alpn : settings.alpn;
  return {
    isTls: true,
    connectTimeoutMs,
    open: () =>
      attempt(() => {
        // Before the socket: without certificates there is nothing to connect for.
        contexts.get(settings);
        const plain = openPlain(cluster, endpoint, undefined);
        return wrapTls(plain, settings, { contexts, serverName, alpn });
      }),
  };
};
