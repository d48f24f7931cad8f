import type { JwkKey, Jwks } from './jwks.ts';
import type { JwtProviderSettings } from './jwt-settings.ts';
import type { JwtStatus } from './jwt-status.ts';

/** What verification asks of the world. */
export interface JwtWorld {
  /** Seconds since the epoch. */
  readonly nowSeconds: number;
  /** Keys of a provider: undefined when they must be fetched first, `failed` when that failed. */
  keys(provider: JwtProviderSettings): Jwks | 'failed' | undefined;
  /**
   * Whether one of the keys made the signature of the text (`header.payload`, ASCII). Only keys whose
   * type goes with the algorithm are asked.
   */
  verify(
    algorithm: string,
    keys: readonly JwkKey[],
    signed: string,
    signature: Uint8Array,
  ): boolean;
}

/** Changes to a request whose tokens are good. */
export interface JwtEffects {
  /** First: headers that only this filter may set, and those of tokens that are not forwarded. */
  readonly removeHeaders: readonly string[];
  readonly removeParameters: readonly string[];
  /** Then: payload and claims, added. */
  readonly addHeaders: readonly (readonly [name: string, value: string])[];
  /** To merge into dynamic metadata under `jwtMetadata`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The route must be selected again. */
  readonly clearRouteCache: boolean;
}

/** The decision about the tokens of a request. */
export type JwtVerdict =
  | { readonly kind: 'allowed'; readonly effects: JwtEffects }
  | {
      readonly kind: 'denied';
      readonly status: JwtStatus;
      /** 403 for audiences, else 401. */
      readonly statusCode: 401 | 403;
      readonly body: string;
      /** Value of `www-authenticate`; undefined: none. */
      readonly challenge: string | undefined;
      /** `jwt_authn_access_denied{Jwt_is_expired}`. */
      readonly details: string;
    }
  /** Fetch the keys of these, then ask again. */
  | { readonly kind: 'keys-wanted'; readonly providers: readonly JwtProviderSettings[] };
