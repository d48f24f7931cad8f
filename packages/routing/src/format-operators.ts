import type { FormatContext } from './format-context.ts';
import { compileTime } from './format-time.ts';

/** What an operator gives: text, a number (kept in JSON), or undefined when there is nothing. */
export type OperatorValue = string | number | undefined;

/** Reads one operator from a request. */
export type Operator = (context: FormatContext) => OperatorValue;

const text = (value: unknown): OperatorValue => {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return value;
  return JSON.stringify(value);
};

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

/** Operators without an argument. An empty string counts as nothing. */
const plain: Readonly<Record<string, Operator>> = {
  PROTOCOL: (c) => c.protocol,
  RESPONSE_CODE: (c) => c.responseCode,
  RESPONSE_FLAGS: (c) => c.responseFlags,
  RESPONSE_CODE_DETAILS: (c) => c.responseCodeDetails,
  CONNECTION_TERMINATION_DETAILS: (c) => c.connectionTerminationDetails,
  UPSTREAM_TRANSPORT_FAILURE_REASON: (c) => c.upstreamTransportFailureReason,
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: (c) => c.downstreamTransportFailureReason,
  BYTES_RECEIVED: (c) => c.bytesReceived,
  BYTES_SENT: (c) => c.bytesSent,
  DURATION: (c) => c.durationMs,
  REQUEST_DURATION: (c) => c.requestDurationMs,
  RESPONSE_DURATION: (c) => c.responseDurationMs,
  RESPONSE_TX_DURATION: (c) => c.responseTxDurationMs,
  UPSTREAM_HOST: (c) => c.upstreamHost,
  UPSTREAM_REMOTE_ADDRESS: (c) => c.upstreamHost,
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (c) => withoutPort(c.upstreamHost),
  UPSTREAM_REMOTE_PORT: (c) => portOnly(c.upstreamHost),
  UPSTREAM_CLUSTER: (c) => c.upstreamCluster,
  UPSTREAM_CLUSTER_RAW: (c) => c.upstreamClusterRaw,
  UPSTREAM_LOCAL_ADDRESS: (c) => c.upstreamLocalAddress,
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (c) => withoutPort(c.upstreamLocalAddress),
  UPSTREAM_LOCAL_PORT: (c) => portOnly(c.upstreamLocalAddress),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (c) => c.upstreamRequestAttemptCount,
  DOWNSTREAM_LOCAL_ADDRESS: (c) => c.downstreamLocalAddress,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (c) => withoutPort(c.downstreamLocalAddress),
  DOWNSTREAM_LOCAL_PORT: (c) => portOnly(c.downstreamLocalAddress),
  DOWNSTREAM_REMOTE_ADDRESS: (c) => c.downstreamRemoteAddress,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (c) => withoutPort(c.downstreamRemoteAddress),
  DOWNSTREAM_REMOTE_PORT: (c) => portOnly(c.downstreamRemoteAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: (c) => c.downstreamDirectRemoteAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (c) =>
    withoutPort(c.downstreamDirectRemoteAddress),
  DOWNSTREAM_DIRECT_REMOTE_PORT: (c) => portOnly(c.downstreamDirectRemoteAddress),
  DOWNSTREAM_PEER_URI_SAN: (c) => c.downstreamPeerUriSan,
  DOWNSTREAM_LOCAL_URI_SAN: (c) => c.downstreamLocalUriSan,
  DOWNSTREAM_PEER_SUBJECT: (c) => c.downstreamPeerSubject,
  DOWNSTREAM_TLS_VERSION: (c) => c.downstreamTlsVersion,
  DOWNSTREAM_TLS_CIPHER: (c) => c.downstreamTlsCipher,
  REQUESTED_SERVER_NAME: (c) => c.requestedServerName,
  ROUTE_NAME: (c) => c.routeName,
  VIRTUAL_CLUSTER_NAME: (c) => c.virtualClusterName,
  FILTER_CHAIN_NAME: (c) => c.filterChainName,
  CONNECTION_ID: (c) => c.connectionId,
  HOSTNAME: (c) => c.hostname,
};

type HeaderReader = (context: FormatContext, name: string) => string | undefined;

/** `NAME?FALLBACK`. */
const headerOperator =
  (read: HeaderReader) =>
  (argument: string): Operator | undefined => {
    const [first = '', second] = argument.toLowerCase().split('?');
    if (first === '') return undefined;
    if (second === undefined || second === '') return (context) => read(context, first);
    return (context) => read(context, first) ?? read(context, second);
  };

type MetadataReader = (c: FormatContext, namespace: string, path: readonly string[]) => unknown;

/** `namespace:key:key`. */
const metadataOperator =
  (read: MetadataReader) =>
  (argument: string): Operator | undefined => {
    const [namespace = '', ...path] = argument.split(':');
    return namespace === '' ? undefined : (context) => text(read(context, namespace, path));
  };

const dynamicMetadata: MetadataReader = (c, namespace, path) => c.dynamicMetadata(namespace, path);
const routeMetadata: MetadataReader = (c, namespace, path) => c.routeMetadata(namespace, path);
const clusterMetadata: MetadataReader = (c, namespace, path) => c.clusterMetadata(namespace, path);

/** `METADATA(TYPE:namespace:key)`. */
const typedMetadata = (argument: string): Operator | undefined => {
  const colon = argument.indexOf(':');
  const rest = argument.slice(colon + 1);
  const type = argument.slice(0, Math.max(colon, 0));
  if (type === 'DYNAMIC') return metadataOperator(dynamicMetadata)(rest);
  if (type === 'ROUTE') return metadataOperator(routeMetadata)(rest);
  return type === 'CLUSTER' ? metadataOperator(clusterMetadata)(rest) : undefined;
};

/** Operators with an argument in parentheses. */
const parameterised: Readonly<Record<string, (argument: string) => Operator | undefined>> = {
  REQ: headerOperator((c, name) => c.requestHeader(name)),
  RESP: headerOperator((c, name) => c.responseHeader(name)),
  TRAILER: headerOperator((c, name) => c.responseTrailer(name)),
  START_TIME: (argument) => {
    const format = compileTime(argument);
    return (c) => format(c.startTimeMs);
  },
  DYNAMIC_METADATA: metadataOperator(dynamicMetadata),
  CLUSTER_METADATA: metadataOperator(clusterMetadata),
  UPSTREAM_METADATA: metadataOperator(clusterMetadata),
  METADATA: typedMetadata,
  FILTER_STATE: (argument) => {
    const key = argument.split(':')[0] ?? '';
    return (c) => c.filterState(key);
  },
  ENVIRONMENT: (argument) => (c) => c.environment(argument),
};

/** The operator, or undefined when the name or its argument is not known. */
export const findOperator = (name: string, argument: string | undefined): Operator | undefined => {
  if (argument === undefined) {
    if (name === 'START_TIME') return parameterised[name]?.('');
    return Object.hasOwn(plain, name) ? plain[name] : undefined;
  }
  return Object.hasOwn(parameterised, name) ? parameterised[name]?.(argument) : undefined;
};
