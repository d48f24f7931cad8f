import { addressOperators } from './format-address-operators.ts';
import type { FormatContext, FormatTls, Operator } from './format-context.ts';
import { responseFlagNames } from './response-flags.ts';

const absent: Operator = () => undefined;
const zero: Operator = () => 0;

/**
 * Envoy's operators for what this proxy does not measure or does not have. Logs of people who name them
 * are written all the same.
 */
const unmeasured: readonly string[] = [
  'CUSTOM_FLAGS',
  'DOWNSTREAM_DETECTED_CLOSE_TYPE',
  'DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID',
  'DOWNSTREAM_HANDSHAKE_DURATION',
  'DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID',
  'DOWNSTREAM_LOCAL_CLOSE_REASON',
  'DOWNSTREAM_LOCAL_EMAIL_SAN',
  'DOWNSTREAM_LOCAL_IP_SAN',
  'DOWNSTREAM_LOCAL_OTHERNAME_SAN',
  'DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1',
  'DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256',
  'DOWNSTREAM_PEER_CHAIN_SERIALS',
  'DOWNSTREAM_PEER_EMAIL_SAN',
  'DOWNSTREAM_PEER_IP_SAN',
  'DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256',
  'DOWNSTREAM_PEER_ISSUER_SERIAL',
  'DOWNSTREAM_PEER_OTHERNAME_SAN',
  'DOWNSTREAM_TLS_GROUP',
  'DOWNSTREAM_TLS_SESSION_ID',
  'LOCAL_REPLY_BODY',
  'ROUNDTRIP_DURATION',
  'TLS_JA3_FINGERPRINT',
  'TLS_JA4_FINGERPRINT',
  'UPSTREAM_CONNECTION_ID',
  'UPSTREAM_CONNECTION_IDS_ATTEMPTED',
  'UPSTREAM_CONNECTION_POOL_READY_DURATION',
  'UPSTREAM_DETECTED_CLOSE_TYPE',
  'UPSTREAM_HOSTS_ATTEMPTED',
  'UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT',
  'UPSTREAM_HOST_NAMES_ATTEMPTED',
  'UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT',
  'UPSTREAM_LOCAL_CLOSE_REASON',
  'UPSTREAM_LOCAL_IP_SAN',
  'UPSTREAM_PEER_IP_SAN',
  'UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID',
  'UPSTREAM_SERVER_NAME',
  'UPSTREAM_TLS_GROUP',
  'UPSTREAM_TLS_SESSION_ID',
];

/** The same for numbers, which Envoy prints as 0 where it does not have them. */
const uncounted: readonly string[] = [
  'BYTES_RETRANSMITTED',
  'DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED',
  'DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT',
  'PACKETS_RETRANSMITTED',
  'RESPONSE_TRAILERS_BYTES',
  'UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED',
  'UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT',
  'UPSTREAM_HEADER_BYTES_RECEIVED',
  'UPSTREAM_HEADER_BYTES_SENT',
  'UPSTREAM_WIRE_BYTES_RECEIVED',
  'UPSTREAM_WIRE_BYTES_SENT',
];

const allOf = (names: readonly string[], operator: Operator): Readonly<Record<string, Operator>> =>
  Object.fromEntries(names.map((name) => [name, operator]));

const withoutBlanks = (text: string | undefined): string | undefined =>
  text?.includes(' ') === true ? text.replace(/\s/g, '_') : text;

const names = (list: readonly string[] | undefined): string | undefined =>
  list?.join(',') || undefined;

/** What the certificates of one side's connection say. */
const tlsOperators = (
  side: string,
  read: (context: FormatContext) => FormatTls | undefined,
): Readonly<Record<string, Operator>> => ({
  [`${side}_PEER_DNS_SAN`]: (c) => names(read(c)?.peer?.dnsSans),
  [`${side}_PEER_FINGERPRINT_256`]: (c) => read(c)?.peer?.fingerprint,
  [`${side}_PEER_FINGERPRINT_1`]: (c) => read(c)?.peer?.fingerprint1,
  [`${side}_PEER_SERIAL`]: (c) => read(c)?.peer?.serial,
  [`${side}_PEER_ISSUER`]: (c) => read(c)?.peer?.issuer || undefined,
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
  ...allOf(unmeasured, absent),
  ...allOf(uncounted, zero),
  PROTOCOL: (c) => c.protocol,
  RESPONSE_CODE: (c) => c.responseCode,
  RESPONSE_FLAGS: (c) => c.responseFlags,
  RESPONSE_FLAGS_LONG: (c) => responseFlagNames(c.responseFlags ?? ''),
  RESPONSE_CODE_DETAILS: (c) => withoutBlanks(c.responseCodeDetails),
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
  UPSTREAM_HOST_NAME_WITHOUT_PORT:
    addressOperators['UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT'] ?? absent,
  UPSTREAM_CLUSTER: (c) => c.upstreamCluster,
  UPSTREAM_CLUSTER_RAW: (c) => c.upstreamClusterRaw,
  UPSTREAM_PROTOCOL: (c) => c.upstreamProtocol,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (c) => c.upstreamRequestAttemptCount,
  ...addressOperators,
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
