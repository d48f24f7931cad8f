import type { RequestHead } from './request-head.ts';
import type { StringMatch } from './string-match.ts';
import type { DataSource } from './tls-settings.ts';

/** Where tokens may be in a request. */
export type JwtLocation =
  /** `prefix` is looked for anywhere in the value, as Envoy does; empty: the value is the token. */
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'query'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string };

/** Where the keys of a provider are. */
export type JwksSource =
  | { readonly kind: 'local'; readonly data: DataSource }
  | {
      readonly kind: 'remote';
      readonly uri: string;
      readonly cluster: string;
      readonly timeoutMs: number;
      /** Default 600000. */
      readonly cacheMs: number;
      /** Fetch in the background before the first request asks. */
      readonly asyncFetch: boolean;
      /** Default 1000: after a failed background fetch. */
      readonly failedRefetchMs: number;
      /** Retries of a fetch. Default 0. */
      readonly retries: number;
    };

/** `envoy.extensions.filters.http.jwt_authn.v3.JwtProvider`. */
export interface JwtProviderSettings {
  readonly name: string;
  /** Empty: any. */
  readonly issuer: string;
  /** Sanitised as Envoy compares them: no scheme, no slash at the end. Empty: any. */
  readonly audiences: ReadonlySet<string>;
  readonly subjects: StringMatch | undefined;
  readonly requireExpiration: boolean;
  /** Greatest `exp` in seconds from now; undefined: any. */
  readonly maxLifetimeSeconds: number | undefined;
  readonly jwks: JwksSource | undefined;
  /** The token stays in the request. Default false. */
  readonly forward: boolean;
  /** In the order Envoy looks: headers, parameters, cookies. */
  readonly locations: readonly JwtLocation[];
  /** Lower-case; empty: none. */
  readonly payloadHeader: string;
  readonly padPayloadHeader: boolean;
  /** Key under `envoy.filters.http.jwt_authn` for the payload; empty: not written. */
  readonly payloadMetadata: string;
  readonly headerMetadata: string;
  readonly failedStatusMetadata: string;
  /** Claims that become lists at blanks. */
  readonly spaceDelimitedClaims: ReadonlySet<string>;
  /** Default 60. */
  readonly clockSkewSeconds: number;
  readonly claimHeaders: readonly { readonly header: string; readonly claim: string }[];
  readonly clearRouteCache: boolean;
  /** Tokens to remember, 0: none. Default 100 when a cache is asked for. */
  readonly cacheSize: number;
}

/** `JwtRequirement`. `allow-missing*` inside of `any` look where the providers beside them look. */
export type JwtRequirement =
  | {
      readonly kind: 'provider';
      readonly provider: JwtProviderSettings;
      /** Instead of the provider's; undefined: the provider's. */
      readonly audiences: ReadonlySet<string> | undefined;
    }
  | { readonly kind: 'any' | 'all'; readonly requirements: readonly JwtRequirement[] }
  | {
      readonly kind: 'allow-missing' | 'allow-missing-or-failed';
      readonly providers: readonly JwtProviderSettings[];
    }
  | { readonly kind: 'nothing' };

/** `envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication`. */
export interface JwtAuthnSettings {
  readonly kind: 'jwt-authn';
  readonly providers: ReadonlyMap<string, JwtProviderSettings>;
  /** Of `requirement_map`, for routes that name one. */
  readonly requirements: ReadonlyMap<string, JwtRequirement>;
  readonly bypassCorsPreflight: boolean;
  /** Refusals have neither body nor `www-authenticate`. */
  readonly stripFailureResponse: boolean;
  /** Requirement of the first rule that matches; undefined: the request is not looked at. */
  select(head: RequestHead): JwtRequirement | undefined;
}

/** `PerRouteConfig`. */
export interface JwtRouteSettings {
  readonly kind: 'jwt-authn-route';
  readonly disabled: boolean;
  /** Name in `JwtAuthnSettings.requirements`; one that is not there refuses every request. */
  readonly requirement: string | undefined;
}

/** Namespace of what the filter writes into dynamic metadata. */
export const jwtMetadata = 'envoy.filters.http.jwt_authn';
