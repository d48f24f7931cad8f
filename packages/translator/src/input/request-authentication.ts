import { type PolicyTarget, policyTargetFields } from './policy-target.ts';
import { boolean, durationMs, list, message, type Reader, text } from './reader.ts';

interface JwtHeader {
  readonly name: string | undefined;
  readonly prefix: string | undefined;
}

interface ClaimHeader {
  readonly header: string | undefined;
  readonly claim: string | undefined;
}

/** security.istio.io JWTRule. */
export interface JwtRule {
  readonly issuer: string | undefined;
  readonly audiences: readonly string[];
  readonly jwksUri: string | undefined;
  /** The spelling early releases used. */
  readonly jwks_uri: string | undefined;
  readonly jwks: string | undefined;
  readonly fromHeaders: readonly JwtHeader[];
  readonly fromParams: readonly string[];
  readonly fromCookies: readonly string[];
  readonly outputPayloadToHeader: string | undefined;
  readonly outputClaimToHeaders: readonly ClaimHeader[];
  readonly forwardOriginalToken: boolean | undefined;
  /** Of the key set's fetch, in milliseconds. */
  readonly timeout: number | undefined;
  readonly spaceDelimitedClaims: readonly string[];
}

/** security.istio.io RequestAuthentication.spec. */
export interface RequestAuthentication extends PolicyTarget {
  readonly jwtRules: readonly JwtRule[];
}

const jwtRule = message<JwtRule>({
  issuer: text,
  audiences: list(text),
  jwksUri: text,
  jwks_uri: text,
  jwks: text,
  fromHeaders: list(message<JwtHeader>({ name: text, prefix: text })),
  fromParams: list(text),
  fromCookies: list(text),
  outputPayloadToHeader: text,
  outputClaimToHeaders: list(message<ClaimHeader>({ header: text, claim: text })),
  forwardOriginalToken: boolean,
  timeout: durationMs,
  spaceDelimitedClaims: list(text),
});

/** Reads `spec` of a RequestAuthentication of any version. */
export const requestAuthentication: Reader<RequestAuthentication | undefined> =
  message<RequestAuthentication>({ ...policyTargetFields, jwtRules: list(jwtRule) });
