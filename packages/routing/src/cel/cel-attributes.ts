import type { FormatContext, FormatTls } from '../format-context.ts';
import { fromHeaderText } from '../header-text.ts';
import { pathOnly, queryText } from '../request-path.ts';
import { responseFlagBits } from '../response-flags.ts';
import type { CelEvaluator } from './cel-scope.ts';
import { CelDuration, type CelMap, CelTimestamp, type CelValue, celOf } from './cel-value.ts';

/** Reads one attribute; undefined: the request has none. */
export type CelAttribute = (context: FormatContext) => CelValue | undefined;

type Attributes = Readonly<Record<string, CelAttribute>>;

const int = (value: number | undefined): bigint | undefined =>
  value === undefined ? undefined : BigInt(Math.trunc(value));

const duration = (ms: number | undefined): CelDuration | undefined =>
  ms === undefined ? undefined : new CelDuration(ms);

const portOf = (address: string | undefined): bigint | undefined => {
  const port = address?.slice(address.lastIndexOf(':') + 1) ?? '';
  return /^[0-9]{1,5}$/.test(port) ? BigInt(port) : undefined;
};

/** Values of headers as text of people. */
const unicode = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : fromHeaderText(value);

const header =
  (name: string): CelAttribute =>
  (c) =>
    unicode(c.requestHeader(name));

type HeaderList = 'request' | 'response' | 'trailer';

/** Headers as a map; names are looked up in lower case. */
class Headers implements CelMap {
  readonly #context: FormatContext;
  readonly #list: HeaderList;

  constructor(context: FormatContext, list: HeaderList) {
    this.#context = context;
    this.#list = list;
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined;
    const name = key.toLowerCase();
    return unicode(this.#value(name));
  }

  #value(name: string): string | undefined {
    if (this.#list === 'request') return this.#context.requestHeader(name);
    return this.#list === 'response'
      ? this.#context.responseHeader(name)
      : this.#context.responseTrailer(name);
  }

  keys(): readonly CelValue[] {
    return this.#context.headerNames?.(this.#list) ?? [];
  }
}

type MetadataReader = (context: FormatContext, namespace: string) => unknown;

/** `filter_metadata` of a message of the type `core.v3.Metadata`. */
const metadataMap = (context: FormatContext, read: MetadataReader): CelMap => ({
  get: (namespace) => {
    if (typeof namespace !== 'string') return undefined;
    const found = read(context, namespace);
    return found === undefined ? undefined : celOf(found);
  },
  keys: () => [],
});

const metadataMessage = (read: MetadataReader): CelAttribute => {
  return (context) => ({
    get: (field) => (field === 'filter_metadata' ? metadataMap(context, read) : undefined),
    keys: () => ['filter_metadata'],
  });
};

const request: Attributes = {
  path: header(':path'),
  url_path: (c) => {
    const path = c.requestHeader(':path');
    return path === undefined ? undefined : fromHeaderText(pathOnly(path));
  },
  host: header(':authority'),
  scheme: header(':scheme'),
  method: header(':method'),
  headers: (c) => new Headers(c, 'request'),
  referer: header('referer'),
  useragent: header('user-agent'),
  id: header('x-request-id'),
  time: (c) => new CelTimestamp(c.startTimeMs),
  protocol: (c) => c.protocol,
  query: (c) => unicode(queryText(c.requestHeader(':path') ?? '')),
  duration: (c) => duration(c.durationMs),
  size: (c) => int(c.bytesReceived),
  total_size: (c) => int(c.bytesReceived + (c.requestHeadBytes ?? 0)),
};

const response: Attributes = {
  code: (c) => (c.responseCode > 0 ? BigInt(c.responseCode) : undefined),
  code_details: (c) => c.responseCodeDetails || undefined,
  flags: (c) => BigInt(responseFlagBits(c.responseFlags ?? '')),
  grpc_status: (c) => {
    const status = c.grpcStatus;
    return status !== undefined && /^[0-9]{1,9}$/.test(status) ? BigInt(status) : undefined;
  },
  headers: (c) => new Headers(c, 'response'),
  trailers: (c) => new Headers(c, 'trailer'),
  size: (c) => int(c.bytesSent),
  total_size: (c) => int(c.bytesSent + (c.responseHeadBytes ?? 0)),
  backend_latency: (c) => duration(c.responseDurationMs),
};

type TlsReader = (context: FormatContext) => FormatTls | undefined;

const certificates = (read: TlsReader): Attributes => ({
  tls_version: (c) => read(c)?.version || undefined,
  subject_local_certificate: (c) => read(c)?.local.subject || undefined,
  subject_peer_certificate: (c) => read(c)?.peer?.subject || undefined,
  dns_san_local_certificate: (c) => read(c)?.local.dnsSans[0],
  dns_san_peer_certificate: (c) => read(c)?.peer?.dnsSans[0],
  uri_san_local_certificate: (c) => read(c)?.local.uriSans[0],
  uri_san_peer_certificate: (c) => read(c)?.peer?.uriSans[0],
  sha256_peer_certificate_digest: (c) => read(c)?.peer?.fingerprint,
});

const connection: Attributes = {
  ...certificates((c) => c.downstreamTls),
  id: (c) => int(c.connectionId),
  mtls: (c) => c.downstreamTls?.peer !== undefined,
  requested_server_name: (c) => c.requestedServerName,
  termination_details: (c) => c.connectionTerminationDetails,
  transport_failure_reason: (c) => c.downstreamTransportFailureReason,
};

const upstream: Attributes = {
  ...certificates((c) => c.upstreamTls),
  address: (c) => c.upstreamHost,
  port: (c) => portOf(c.upstreamHost),
  local_address: (c) => c.upstreamLocalAddress,
  transport_failure_reason: (c) => c.upstreamTransportFailureReason,
  request_attempt_count: (c) => int(c.upstreamRequestAttemptCount),
};

const nodeMessage: CelAttribute = ({ node }) => (node === undefined ? undefined : celOf(node));

const xds: Attributes = {
  node: nodeMessage,
  cluster_name: (c) => c.upstreamClusterRaw,
  cluster_metadata: metadataMessage((c, namespace) => c.clusterMetadata(namespace, [])),
  route_name: (c) => c.routeName,
  route_metadata: metadataMessage((c, namespace) => c.routeMetadata(namespace, [])),
  upstream_host_metadata: metadataMessage((c, namespace) => c.upstreamMetadata?.(namespace, [])),
  virtual_host_name: (c) => c.virtualHostName,
  filter_chain_name: (c) => c.filterChainName,
  listener_direction: (c) => (c.listenerDirection === 'inbound' ? 1n : 2n),
};

/** What filters put down about peers: messages where they are some, else text. */
const filterStateValue = (context: FormatContext, key: CelValue): CelValue | undefined => {
  if (typeof key !== 'string') return undefined;
  const found = context.filterStateObject?.(key) ?? context.filterState(key);
  return found === undefined ? undefined : celOf(found);
};

const filterState: CelAttribute = (context) => ({
  get: (key) => filterStateValue(context, key),
  keys: () => [],
});

const groups: Readonly<Record<string, Attributes>> = {
  request,
  response,
  connection,
  upstream,
  source: {
    address: (c) => c.downstreamRemoteAddress,
    port: (c) => portOf(c.downstreamRemoteAddress),
  },
  destination: {
    address: (c) => c.downstreamLocalAddress,
    port: (c) => portOf(c.downstreamLocalAddress),
  },
  xds,
};

/** Messages that are no group of attributes. */
const messages: Readonly<Record<string, CelAttribute>> = {
  metadata: metadataMessage((c, namespace) => c.dynamicMetadata(namespace, [])),
  filter_state: filterState,
  upstream_filter_state: filterState,
  node: nodeMessage,
  // As Istio's older expressions call them.
  upstream_peer: (c) => filterStateValue(c, 'upstream_peer'),
  downstream_peer: (c) => filterStateValue(c, 'downstream_peer'),
};

/** The reader of `root.field`; undefined: the root is no group of attributes. */
export const readAttribute = (root: string, field: string): CelAttribute | undefined => {
  const group = Object.hasOwn(groups, root) ? groups[root] : undefined;
  if (group === undefined) return undefined;
  return (Object.hasOwn(group, field) ? group[field] : undefined) ?? (() => undefined);
};

/** A whole group or message (`request`, `metadata`); undefined: there is no attribute of this name. */
export const attributeMessage = (root: string): CelEvaluator | undefined => {
  const message = Object.hasOwn(messages, root) ? messages[root] : undefined;
  if (message !== undefined) return (context) => message(context) ?? null;
  const group = Object.hasOwn(groups, root) ? groups[root] : undefined;
  if (group === undefined) return undefined;
  return (context) => ({
    get: (key) =>
      typeof key === 'string' && Object.hasOwn(group, key) ? group[key]?.(context) : undefined,
    keys: () => Object.keys(group).filter((key) => group[key]?.(context) !== undefined),
  });
};
