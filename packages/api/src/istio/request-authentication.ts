import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { PolicyTarget } from './policy-target.ts';

/** security.istio.io JWTRule. */
export interface JwtRule {
  readonly issuer?: string;
  readonly audiences?: readonly string[];
  /** Without `jwksUri` and `jwks`: OpenID discovery from the issuer. */
  readonly jwksUri?: string;
  /** The spelling early releases used. */
  readonly jwks_uri?: string;
  readonly jwks?: string;
  /** Default `Authorization: Bearer `. */
  readonly fromHeaders?: readonly { readonly name: string; readonly prefix?: string }[];
  /** Default `access_token`. */
  readonly fromParams?: readonly string[];
  readonly fromCookies?: readonly string[];
  readonly outputPayloadToHeader?: string;
  readonly outputClaimToHeaders?: readonly { readonly header: string; readonly claim: string }[];
  readonly forwardOriginalToken?: boolean;
  /** Of the key set fetch. Default 5s. */
  readonly timeout?: string;
  readonly spaceDelimitedClaims?: readonly string[];
}

/** security.istio.io RequestAuthentication. */
export interface RequestAuthenticationSpec extends PolicyTarget {
  readonly jwtRules?: readonly JwtRule[];
}

/** A security.istio.io RequestAuthentication object. */
export interface RequestAuthentication extends KubeObject<RequestAuthenticationSpec, IstioStatus> {}
