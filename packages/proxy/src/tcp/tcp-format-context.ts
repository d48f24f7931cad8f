import { randomUUID } from 'node:crypto';
import type net from 'node:net';
import { hostname } from 'node:os';
import { type FormatContext, type FormatNode, metadataAt } from '@lateen/routing';
import { connectionId } from '../access-log/connection-id.ts';
import { peerMessage } from '../filters/istio.stats/peer-message.ts';
import { upstreamTlsOf } from '../tls/upstream-tls.ts';
import { wallMs } from '../wall-clock.ts';
import type { TcpSession } from './tcp-session.ts';

const machine = hostname();

const nothing = {
  requestHeader: () => undefined,
  responseHeader: () => undefined,
  responseTrailer: () => undefined,
  protocol: undefined,
  responseCode: 0,
  responseCodeDetails: undefined,
  downstreamTransportFailureReason: undefined,
  requestDurationMs: undefined,
  responseDurationMs: undefined,
  responseTxDurationMs: undefined,
  upstreamRequestAttemptCount: 1,
  routeName: undefined,
  virtualClusterName: undefined,
  connectionId: undefined,
  dynamicMetadata: () => undefined,
  routeMetadata: () => undefined,
  filterState: () => undefined,
  uniqueId: () => randomUUID(),
} as const;

/** A TCP session as formats see it: what only requests have prints as absent. */
export const tcpFormatContext = (session: TcpSession, node: FormatNode): FormatContext => ({
  ...nothing,
  node,
  logType: 'TcpConnectionEnd',
  connectionId: connectionId(session.remoteLabel, session.localLabel),
  startTimeMs: wallMs(session.startMs),
  responseFlags: session.flags,
  upstreamTransportFailureReason: session.transportFailure,
  connectionTerminationDetails: session.terminationDetails,
  bytesReceived: session.bytesReceived,
  bytesSent: session.bytesSent,
  durationMs: Math.round(session.durationMs),
  upstreamHost: session.endpoint?.label,
  upstreamCluster: session.cluster?.table.statName,
  upstreamClusterRaw: session.cluster?.name,
  upstreamLocalAddress: session.upstreamLocalLabel,
  downstreamLocalAddress: session.localLabel,
  downstreamRemoteAddress: session.remoteLabel,
  downstreamDirectRemoteAddress: session.remoteLabel,
  requestedServerName: session.serverName,
  downstreamPeerUriSan: session.tls?.peer?.uriSans.join(',') || undefined,
  downstreamLocalUriSan: session.tls?.local.uriSans.join(',') || undefined,
  downstreamPeerSubject: session.tls?.peer?.subject || undefined,
  downstreamTlsVersion: session.tls?.version || undefined,
  downstreamTlsCipher: session.tls?.cipher || undefined,
  filterChainName: session.chainName,
  hostname: machine,
  clusterMetadata: (namespace, path) =>
    metadataAt(session.cluster?.table.metadata[namespace], path),
  upstreamMetadata: (namespace, path) =>
    metadataAt(session.endpoint?.entry.metadata[namespace], path),
  downstreamTls: session.tls,
  upstreamTls: session.endpoint && upstreamTlsOf(session.endpoint),
  listenerDirection: session.isInbound ? 'inbound' : 'outbound',
  filterStateObject: (key) => peerMessage(key, session, session.isInbound),
  environment: (name) => process.env[name],
});

/** A connection that no filter chain takes: `NR`, as Envoy's listeners log it. */
export const refusedFormatContext = (
  socket: net.Socket,
  serverName: string,
  startMs: number,
): FormatContext => ({
  ...connectionFormatContext(socket, serverName, { startMs, durationMs: 0 }),
  responseFlags: 'NR',
  responseCodeDetails: 'filter_chain_not_found',
});

/** A connection as its listener sees it: bytes of the socket, whatever was spoken over it. */
export const connectionFormatContext = (
  socket: net.Socket,
  serverName: string,
  { startMs, durationMs }: { readonly startMs: number; readonly durationMs: number },
): FormatContext => {
  const remote = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
  return {
    ...nothing,
    startTimeMs: wallMs(startMs),
    responseFlags: '',
    connectionTerminationDetails: undefined,
    upstreamTransportFailureReason: undefined,
    bytesReceived: socket.bytesRead,
    bytesSent: socket.bytesWritten,
    durationMs: Math.round(durationMs),
    upstreamHost: undefined,
    upstreamCluster: undefined,
    upstreamClusterRaw: undefined,
    upstreamLocalAddress: undefined,
    downstreamLocalAddress: `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`,
    downstreamRemoteAddress: remote,
    downstreamDirectRemoteAddress: remote,
    requestedServerName: serverName || undefined,
    downstreamPeerUriSan: undefined,
    downstreamLocalUriSan: undefined,
    downstreamPeerSubject: undefined,
    downstreamTlsVersion: undefined,
    downstreamTlsCipher: undefined,
    filterChainName: undefined,
    hostname: machine,
    clusterMetadata: () => undefined,
    environment: (name) => process.env[name],
  };
};
