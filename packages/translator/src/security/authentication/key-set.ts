import type { JwtRule } from '../../input/request-authentication.ts';
import type { PushContext } from '../../push-context/push-context.ts';

/** Where a key set has to be fetched from. */
export interface KeySetLocation {
  /** What `MeshInputs.keySets` has it under. */
  readonly url: string;
  /** `discovery`: the document at the URL names the key set in `jwks_uri` (OpenID Connect Discovery). */
  readonly kind: 'key-set' | 'discovery';
  /** Default 5 s. */
  readonly timeoutMs: number;
}

/** Istio's default, in milliseconds. */
export const defaultFetchTimeoutMs = 5_000;

const discoveryPath = '/.well-known/openid-configuration';

const isHttpUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** Undefined: the keys are in the rule, or nobody says where they are. */
export const keySetLocation = ({
  issuer = '',
  jwks,
  jwksUri,
  jwks_uri,
  timeout,
}: JwtRule): KeySetLocation | undefined => {
  if (jwks) return undefined;
  const timeoutMs = timeout ?? defaultFetchTimeoutMs;
  const url = jwksUri || jwks_uri;
  if (url) return { url, kind: 'key-set', timeoutMs };
  if (!isHttpUrl(issuer)) return undefined;
  return { url: `${issuer.replace(/\/$/, '')}${discoveryPath}`, kind: 'discovery', timeoutMs };
};

/** All key sets that RequestAuthentications need and do not have in them, each once. */
export const keySetLocations = (push: PushContext): readonly KeySetLocation[] => {
  const byUrl = new Map<string, KeySetLocation>();
  for (const configs of push.requestAuthentications.values()) {
    for (const rule of configs.flatMap(({ spec }) => spec.jwtRules)) {
      const location = keySetLocation(rule);
      if (location !== undefined && !byUrl.has(location.url)) byUrl.set(location.url, location);
    }
  }
  return [...byUrl.values()];
};
