/** Who a certificate names. */
export interface CertificateIdentity {
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  /** RFC 2253 text; empty when there is none. */
  readonly subject: string;
}

/** The other side's certificate. It was verified as far as the configuration asks for. */
export interface PeerCertificate extends CertificateIdentity {
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** The certificate, PEM. */
  readonly pem: string;
  /** SHA-1 of the certificate, lower-case hex. */
  readonly fingerprint1?: string;
  /** RFC 2253 text of its issuer. */
  readonly issuer?: string;
  /** Milliseconds since the epoch. */
  readonly validFromMs?: number;
  readonly validToMs?: number;
}

/** What one TLS connection agreed on. */
export interface FormatTls {
  /** Undefined: the peer presented none. */
  readonly peer: PeerCertificate | undefined;
  /** What our own certificate says; all empty when we presented none. */
  readonly local: CertificateIdentity;
  /** `TLSv1.3`; empty: not known. */
  readonly version: string;
  /** IANA name; empty: not known. */
  readonly cipher: string;
}

/** This proxy, as its bootstrap's `node` says. */
export interface FormatNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly locality?: {
    readonly region: string;
    readonly zone: string;
    readonly sub_zone: string;
  };
}

/** When a log line is written (`%ACCESS_LOG_TYPE%`, `envoy.data.accesslog.v3.AccessLogType`). */
export type LogType = 'DownstreamEnd' | 'TcpConnectionEnd' | 'NotSet';

/**
 * What access-log and header formats may ask about a request (Envoy's command operators). The proxy
 * implements it on its stream object; undefined prints as `-`.
 */
export interface FormatContext {
  /** Milliseconds since the epoch when the first byte arrived. */
  readonly startTimeMs: number;
  /** By lower-case name, pseudo headers (`:method`, `:path`, `:authority`, `:scheme`) included. */
  requestHeader(name: string): string | undefined;
  responseHeader(name: string): string | undefined;
  responseTrailer(name: string): string | undefined;
  /** `HTTP/1.1`, `HTTP/2`; undefined for TCP. */
  readonly protocol: string | undefined;
  /** 0 when no response was sent. */
  readonly responseCode: number;
  /** Comma-separated short flags (`NR`, `UH`); undefined or empty prints `-`. */
  readonly responseFlags: string | undefined;
  readonly responseCodeDetails: string | undefined;
  readonly connectionTerminationDetails: string | undefined;
  readonly upstreamTransportFailureReason: string | undefined;
  readonly downstreamTransportFailureReason: string | undefined;
  /** Body bytes from downstream. */
  readonly bytesReceived: number;
  /** Body bytes to downstream. */
  readonly bytesSent: number;
  /** Milliseconds from first request byte to last response byte; undefined while it runs. */
  readonly durationMs: number | undefined;
  /** Milliseconds from start until the last byte of the request was received from downstream. */
  readonly requestDurationMs: number | undefined;
  /** Milliseconds from start until the first byte of the response came from upstream. */
  readonly responseDurationMs: number | undefined;
  /** Milliseconds from the first response byte from upstream to the last sent downstream. */
  readonly responseTxDurationMs: number | undefined;
  /** `ip:port`. */
  readonly upstreamHost: string | undefined;
  readonly upstreamCluster: string | undefined;
  /** Cluster name before `alt_stat_name` is applied. */
  readonly upstreamClusterRaw: string | undefined;
  readonly upstreamLocalAddress: string | undefined;
  /** Upstream attempts, the first included. */
  readonly upstreamRequestAttemptCount: number;
  /** `ip:port`, all of them. */
  readonly downstreamLocalAddress: string | undefined;
  readonly downstreamRemoteAddress: string | undefined;
  readonly downstreamDirectRemoteAddress: string | undefined;
  /** SNI. */
  readonly requestedServerName: string | undefined;
  readonly routeName: string | undefined;
  readonly virtualClusterName: string | undefined;
  readonly filterChainName: string | undefined;
  readonly connectionId: number | undefined;
  readonly hostname: string | undefined;
  /** URI SANs of the peer's and of our certificate, and TLS version, of the downstream connection. */
  readonly downstreamPeerUriSan: string | undefined;
  readonly downstreamLocalUriSan: string | undefined;
  readonly downstreamPeerSubject: string | undefined;
  readonly downstreamTlsVersion: string | undefined;
  readonly downstreamTlsCipher: string | undefined;
  /** Value at a path of dynamic metadata of a filter; undefined when absent. */
  dynamicMetadata(namespace: string, path: readonly string[]): unknown;
  /** Metadata of the matched route and of the upstream cluster. */
  routeMetadata(namespace: string, path: readonly string[]): unknown;
  clusterMetadata(namespace: string, path: readonly string[]): unknown;
  filterState(key: string): string | undefined;
  environment(name: string): string | undefined;

  // What follows need not be known: absent is as good as undefined.

  /** Names of headers, in lower case, pseudo headers included. */
  headerNames?(of: 'request' | 'response' | 'trailer'): readonly string[];
  /** Sizes of the heads. */
  readonly requestHeadBytes?: number | undefined;
  readonly responseHeadBytes?: number | undefined;
  /** Number as text. */
  readonly grpcStatus?: string | undefined;
  readonly downstreamTls?: FormatTls | undefined;
  readonly upstreamTls?: FormatTls | undefined;
  /** `HTTP/1.1`, `HTTP/2`. */
  readonly upstreamProtocol?: string | undefined;
  readonly virtualHostName?: string | undefined;
  readonly listenerDirection?: 'inbound' | 'outbound' | 'unspecified' | undefined;
  /** Metadata of the upstream host. */
  upstreamMetadata?(namespace: string, path: readonly string[]): unknown;
  /** Filter state that is a message, for instance `upstream_peer` and `downstream_peer`. */
  filterStateObject?(key: string): Readonly<Record<string, unknown>> | undefined;
  readonly node?: FormatNode | undefined;
  /** Default `NotSet`. */
  readonly logType?: LogType | undefined;
  /** 32 and 16 hex digits; undefined when the request is not traced. */
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  /** Whether the request's spans are recorded. */
  readonly isSampled?: boolean | undefined;
  /** A random UUID, another for each call (`%UNIQUE_ID%`). */
  uniqueId?(): string;
  /** A random UUID of this request or connection, the same for each call (`%STREAM_ID%`). */
  readonly streamId?: string | undefined;
}

/** A compiled format string: one call, one line. */
export type Format = (context: FormatContext) => string;

/** What an operator gives: text, a number (kept in JSON), or undefined when there is nothing. */
export type OperatorValue = string | number | undefined;

/** Reads one operator from a request. */
export interface Operator {
  (context: FormatContext): OperatorValue;
  /** The value for JSON logs, where it is neither text nor a number. */
  readonly json?: (context: FormatContext) => unknown;
}
