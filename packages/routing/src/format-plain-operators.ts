import type { FormatContext, FormatTls, Operator, OperatorValue } from './format-context.ts';
import { responseFlagNames } from './response-flags.ts';

const withoutPort = (address: string | undefined): string | undefined => {
  if (address === undefined) return undefined;
  const colon = address.lastIndexOf(':');
  const host = colon < 0 ? address : address.slice(0, colon);
  return host.startsWith('[') ? host.slice(1, -1) : host;
};

const portOnly = (address: string | undefined): OperatorValue => {
  const port = address === undefined ? '' : address.slice(address.lastIndexOf(':') + 1);
  return /^[0-9]+$/.test(port) ? Number(port) : undefined;
};

/** An address, and its parts. */
const addressOperators = (
  name: string,
  port: string,
  read: (context: FormatContext) => string | undefined,
): Readonly<Record<string, Operator>> => ({
  [name]: read,
  [`${name}_WITHOUT_PORT`]: (c) => withoutPort(read(c)),
  [port]: (c) => portOnly(read(c)),
});

const names = (list: readonly string[] | undefined): string | undefined =>
  list?.join(',') || undefined;

/** What the certificates of one side's connection say. */
const tlsOperators = (
  side: string,
  read: (context: FormatContext) => FormatTls | undefined,
): Readonly<Record<string, Operator>> => ({
  [`${side}_PEER_DNS_SAN`]: (c) => names(read(c)?.peer?.dnsSans),
  [`${side}_PEER_FINGERPRINT_256`]: (c) => read(c)?.peer?.fingerprint,
  [`${side}_PEER_SERIAL`]: (c) => read(c)?.peer?.serial,
  [`${side}_PEER_CERT`]: (c) => {
    const pem = read(c)?.peer?.pem;
    return pem === undefined ? undefined : encodeURIComponent(pem);
  },
  [`${side}_LOCAL_DNS_SAN`]: (c) => names(read(c)?.local.dnsSans),
  [`${side}_LOCAL_SUBJECT`]: (c) => read(c)?.local.subject || undefined,
});

const upstreamTls = (c: FormatContext): FormatTls | undefined => c.upstreamTls;

/** Operators without an argument. An empty string counts as nothing. */
export const plainOperators: Readonly<Record<string, Operator>> = {
  PROTOCOL: (c) => c.protocol,
  RESPONSE_CODE: (c) => c.responseCode,
  RESPONSE_FLAGS: (c) => c.responseFlags,
  RESPONSE_FLAGS_LONG: (c) => responseFlagNames(c.responseFlags ?? ''),
  RESPONSE_CODE_DETAILS: (c) => c.responseCodeDetails,
  CONNECTION_TERMINATION_DETAILS: (c) => c.connectionTerminationDetails,
  UPSTREAM_TRANSPORT_FAILURE_REASON: (c) => c.upstreamTransportFailureReason,
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: (c) => c.downstreamTransportFailureReason,
  BYTES_RECEIVED: (c) => c.bytesReceived,
  BYTES_SENT: (c) => c.bytesSent,
  REQUEST_HEADERS_BYTES: (c) => c.requestHeadBytes,
  RESPONSE_HEADERS_BYTES: (c) => c.responseHeadBytes,
  DOWNSTREAM_HEADER_BYTES_RECEIVED: (c) => c.requestHeadBytes,
  DOWNSTREAM_HEADER_BYTES_SENT: (c) => c.responseHeadBytes,
  DOWNSTREAM_WIRE_BYTES_RECEIVED: (c) => c.bytesReceived + (c.requestHeadBytes ?? 0),
  DOWNSTREAM_WIRE_BYTES_SENT: (c) => c.bytesSent + (c.responseHeadBytes ?? 0),
  GRPC_STATUS_NUMBER: (c) =>
    c.grpcStatus === undefined || c.grpcStatus === '' ? undefined : Number(c.grpcStatus),
  DURATION: (c) => c.durationMs,
  REQUEST_DURATION: (c) => c.requestDurationMs,
  RESPONSE_DURATION: (c) => c.responseDurationMs,
  RESPONSE_TX_DURATION: (c) => c.responseTxDurationMs,
  // The last byte goes upstream when it has come from downstream: nothing is kept in between.
  REQUEST_TX_DURATION: (c) => (c.upstreamHost === undefined ? undefined : c.requestDurationMs),
  UPSTREAM_HOST: (c) => c.upstreamHost,
  UPSTREAM_HOST_NAME: (c) => c.upstreamHost,
  UPSTREAM_HOST_NAME_WITHOUT_PORT: (c) => withoutPort(c.upstreamHost),
  UPSTREAM_CLUSTER: (c) => c.upstreamCluster,
  UPSTREAM_CLUSTER_RAW: (c) => c.upstreamClusterRaw,
  UPSTREAM_PROTOCOL: (c) => c.upstreamProtocol,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (c) => c.upstreamRequestAttemptCount,
  ...addressOperators('UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_REMOTE_PORT', (c) => c.upstreamHost),
  ...addressOperators(
    'UPSTREAM_LOCAL_ADDRESS',
    'UPSTREAM_LOCAL_PORT',
    (c) => c.upstreamLocalAddress,
  ),
  ...addressOperators(
    'DOWNSTREAM_LOCAL_ADDRESS',
    'DOWNSTREAM_LOCAL_PORT',
    (c) => c.downstreamLocalAddress,
  ),
  ...addressOperators(
    'DOWNSTREAM_REMOTE_ADDRESS',
    'DOWNSTREAM_REMOTE_PORT',
    (c) => c.downstreamRemoteAddress,
  ),
  ...addressOperators(
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
    'DOWNSTREAM_DIRECT_REMOTE_PORT',
    (c) => c.downstreamDirectRemoteAddress,
  ),
  ...addressOperators(
    'DOWNSTREAM_DIRECT_LOCAL_ADDRESS',
    'DOWNSTREAM_DIRECT_LOCAL_PORT',
    (c) => c.downstreamLocalAddress,
  ),
  DOWNSTREAM_PEER_URI_SAN: (c) => c.downstreamPeerUriSan,
  DOWNSTREAM_LOCAL_URI_SAN: (c) => c.downstreamLocalUriSan,
  DOWNSTREAM_PEER_SUBJECT: (c) => c.downstreamPeerSubject,
  DOWNSTREAM_TLS_VERSION: (c) => c.downstreamTlsVersion,
  DOWNSTREAM_TLS_CIPHER: (c) => c.downstreamTlsCipher,
  ...tlsOperators('DOWNSTREAM', (c) => c.downstreamTls),
  UPSTREAM_PEER_URI_SAN: (c) => names(upstreamTls(c)?.peer?.uriSans),
  UPSTREAM_LOCAL_URI_SAN: (c) => names(upstreamTls(c)?.local.uriSans),
  UPSTREAM_PEER_SUBJECT: (c) => upstreamTls(c)?.peer?.subject || undefined,
  UPSTREAM_TLS_VERSION: (c) => upstreamTls(c)?.version || undefined,
  UPSTREAM_TLS_CIPHER: (c) => upstreamTls(c)?.cipher || undefined,
  ...tlsOperators('UPSTREAM', upstreamTls),
  REQUESTED_SERVER_NAME: (c) => c.requestedServerName,
  ROUTE_NAME: (c) => c.routeName,
  VIRTUAL_HOST_NAME: (c) => c.virtualHostName,
  VIRTUAL_CLUSTER_NAME: (c) => c.virtualClusterName,
  FILTER_CHAIN_NAME: (c) => c.filterChainName,
  CONNECTION_ID: (c) => c.connectionId,
  STREAM_ID: (c) => c.streamId,
  UNIQUE_ID: (c) => c.uniqueId?.(),
  TRACE_ID: (c) => c.traceId,
  SPAN_ID: (c) => c.spanId,
  ACCESS_LOG_TYPE: (c) => c.logType ?? 'NotSet',
  HOSTNAME: (c) => c.hostname,
};
