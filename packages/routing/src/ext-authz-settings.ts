import type { MetadataMatch } from './metadata-match.ts';
import type { Millionths } from './request-head.ts';
import type { StringMatch } from './string-match.ts';

/** A header given in the configuration; the value may hold `%FORMAT%` operators, kept as they are. */
export interface AuthorizationHeader {
  /** Lower-case. */
  readonly name: string;
  readonly value: string;
}

/** Whom to ask over HTTP (`ExtAuthz.HttpService`). */
export interface HttpAuthorization {
  readonly kind: 'http';
  readonly cluster: string;
  /** Host of the `server_uri`, for the `Host` header. */
  readonly authority: string;
  /** Wait for the answer, in milliseconds. 0: no bound. */
  readonly timeoutMs: number;
  /** In front of the path of the request asked about. */
  readonly pathPrefix: string;
  /**
   * Request headers to send besides Host, Method, Path, Content-Length and Authorization, which always
   * go; undefined: those only.
   */
  readonly allowedHeaders: readonly StringMatch[];
  readonly headersToAdd: readonly AuthorizationHeader[];
  /** Headers of an answer 200 that replace those of the request. */
  readonly allowedUpstreamHeaders: readonly StringMatch[];
  /** The same, added to those that are there. */
  readonly allowedUpstreamHeadersToAppend: readonly StringMatch[];
  /** Headers of a refusal that the client gets; empty: all but `host` pseudo headers. */
  readonly allowedClientHeaders: readonly StringMatch[];
  /** Headers of an answer 200 that the client gets with the response. */
  readonly allowedClientHeadersOnSuccess: readonly StringMatch[];
  /** Headers of an answer 200 that become dynamic metadata of the filter. */
  readonly dynamicMetadataFromHeaders: readonly StringMatch[];
}

/** Whom to ask over gRPC (`envoy.service.auth.v3.Authorization/Check`). */
export interface GrpcAuthorization {
  readonly kind: 'grpc';
  readonly cluster: string;
  /** Of the stream; empty: the cluster's name. */
  readonly authority: string;
  /** Wait for the answer, in milliseconds. 0: no bound. */
  readonly timeoutMs: number;
  readonly initialMetadata: readonly AuthorizationHeader[];
}

/** `ExtAuthz.BufferSettings`: the body goes along. */
export interface AuthorizationBody {
  readonly maxBytes: number;
  /** A longer body is cut; otherwise it is answered 413. */
  readonly allowPartial: boolean;
  /** gRPC: as bytes (`raw_body`) instead of a string. */
  readonly asBytes: boolean;
}

/** `envoy.extensions.filters.http.ext_authz.v3.ExtAuthz`. */
export interface ExtAuthzSettings {
  readonly kind: 'ext-authz';
  readonly service: HttpAuthorization | GrpcAuthorization;
  /** Let through when the service cannot be asked, or answers 5xx. Default false. */
  readonly failureModeAllow: boolean;
  /** `x-envoy-auth-failure-mode-allowed: true` goes upstream then. */
  readonly failureModeAllowHeader: boolean;
  /** Status of a refusal because the service cannot be asked. Default 403. */
  readonly statusOnError: number;
  readonly body: AuthorizationBody | undefined;
  readonly clearRouteCache: boolean;
  /** Request headers that may be sent; empty: all (gRPC), or as `HttpAuthorization` says. */
  readonly allowedHeaders: readonly StringMatch[];
  /** Never sent, whatever else says so. */
  readonly disallowedHeaders: readonly StringMatch[];
  readonly metadataNamespaces: readonly string[];
  readonly includePeerCertificate: boolean;
  readonly includeTlsSession: boolean;
  readonly statPrefix: string;
  /** Probability that the filter asks. Default: always. */
  readonly enabled: Millionths;
  /** Ask only when dynamic metadata say so: Istio's CUSTOM action by shadow rules of RBAC. */
  readonly enabledMetadata: MetadataMatch | undefined;
  /** Where it does not ask, refuse. */
  readonly denyAtDisable: boolean;
}

/** `ExtAuthzPerRoute`. */
export interface ExtAuthzRouteSettings {
  readonly kind: 'ext-authz-route';
  readonly disabled: boolean;
  readonly contextExtensions: Readonly<Record<string, string>>;
  readonly disableRequestBody: boolean;
  readonly body: AuthorizationBody | undefined;
}

/** `envoy.extensions.filters.network.ext_authz.v3.ExtAuthz`: gRPC only. */
export interface NetworkExtAuthzSettings {
  readonly kind: 'network-ext-authz';
  readonly service: GrpcAuthorization;
  readonly failureModeAllow: boolean;
  readonly includePeerCertificate: boolean;
  readonly statPrefix: string;
  readonly enabledMetadata: MetadataMatch | undefined;
}
