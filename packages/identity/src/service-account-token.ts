import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { Clock } from '@lateen/base';
import type { JWTPayload } from 'jose';

/** Loaded at the first token: agents use certificates of this package only, and there is one a pod. */
const loadJose = (): Promise<typeof import('jose')> => import('jose');

/** Issuer of the tokens, as Kubernetes' default. */
const issuer = 'https://kubernetes.default.svc.cluster.local';

/** Who a token speaks for. */
export interface ServiceAccountIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  /** The pod the token was made for, and ends with (Kubernetes' bound tokens). */
  readonly pod?: { readonly name: string; readonly uid: string };
}

/** Whose token, for whom, how long. */
export interface TokenRequest extends ServiceAccountIdentity {
  /** Default: the API server itself (`issuer`). Istio's CA asks for `istio-ca`. */
  readonly audiences?: readonly string[];
  readonly lifetimeMs: number;
}

/** Signs and checks service account tokens: JWTs, ES256, with Kubernetes' claims. */
export interface TokenAuthority {
  /** PKCS 8 PEM; secret. */
  readonly key: string;
  issue(request: TokenRequest): Promise<string>;
  /**
   * The account of a valid token for `audience` (default: the API server); undefined for any token
   * that is not ours, expired, for another audience, or malformed.
   */
  verify(token: string, audience?: string): Promise<ServiceAccountIdentity | undefined>;
}

/** A new signing key, PKCS 8 PEM. */
export const createTokenKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

const readIdentity = (payload: JWTPayload): ServiceAccountIdentity | undefined => {
  const claim = payload['kubernetes.io'] as
    | {
        namespace?: unknown;
        serviceaccount?: { name?: unknown; uid?: unknown };
        pod?: { name?: unknown; uid?: unknown };
      }
    | undefined;
  const namespace = claim?.namespace;
  const name = claim?.serviceaccount?.name;
  const uid = claim?.serviceaccount?.uid;
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined;
  const podName = claim?.pod?.name;
  const podUid = claim?.pod?.uid;
  return {
    namespace,
    name,
    ...(typeof uid === 'string' && { uid }),
    ...(typeof podName === 'string' &&
      typeof podUid === 'string' && { pod: { name: podName, uid: podUid } }),
  };
};

/** An authority on a private key, PKCS 8 PEM (`createTokenKey`). Throws when the text is no key. */
export const createTokenAuthority = (key: string, clock: Clock): TokenAuthority => {
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(privateKey);
  return {
    key,
    issue: async ({ namespace, name, uid, pod, audiences = [issuer], lifetimeMs }) => {
      const nowSeconds = Math.floor(clock.nowMs() / 1000);
      const serviceaccount = { name, ...(uid !== undefined && { uid }) };
      const { SignJWT } = await loadJose();
      const claim = { namespace, serviceaccount, ...(pod !== undefined && { pod }) };
      return new SignJWT({ 'kubernetes.io': claim })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${namespace}:${name}`)
        .setAudience([...audiences])
        .setIssuedAt(nowSeconds)
        .setNotBefore(nowSeconds)
        .setExpirationTime(nowSeconds + Math.floor(lifetimeMs / 1000))
        .sign(privateKey);
    },
    verify: async (token, audience = issuer) => {
      const { jwtVerify } = await loadJose();
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          algorithms: ['ES256'],
          issuer,
          audience,
          currentDate: new Date(clock.nowMs()),
        });
        return readIdentity(payload);
      } catch {
        // Why it failed is of use to an attacker only; callers answer 401.
        return undefined;
      }
    },
  };
};
