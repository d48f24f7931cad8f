import {
  constants,
  createHmac,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';

/** A key as a JSON Web Key Set has it (RFC 7517): its members, all text. */
export interface TokenKey {
  readonly jwk: Readonly<Record<string, string>>;
}

/** Key objects by key: made once. Null: the library cannot use it. */
const keyObjects = new WeakMap<TokenKey, KeyObject | null>();

const keyObjectOf = (key: TokenKey): KeyObject | undefined => {
  const known = keyObjects.get(key);
  if (known !== undefined) return known ?? undefined;
  let made: KeyObject | null;
  try {
    made = createPublicKey({ key: { ...key.jwk }, format: 'jwk' });
  } catch {
    made = null;
  }
  keyObjects.set(key, made);
  return made ?? undefined;
};

const checkHmac = (key: TokenKey, hash: string, signed: Buffer, signature: Uint8Array): boolean => {
  const secret = Buffer.from(key.jwk['k'] ?? '', 'base64url');
  if (secret.length === 0) return false;
  const wanted = createHmac(hash, secret).update(signed).digest();
  return wanted.length === signature.length && timingSafeEqual(wanted, signature);
};

const checkAsymmetric = (
  key: KeyObject,
  algorithm: string,
  signed: Buffer,
  signature: Uint8Array,
): boolean => {
  if (algorithm === 'EdDSA') return verify(null, signed, key, signature);
  const hash = `sha${algorithm.slice(2)}`;
  switch (algorithm.slice(0, 2)) {
    case 'RS':
      return verify(hash, signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    case 'PS': {
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return verify(hash, signed, { key, padding, saltLength }, signature);
    }
    case 'ES':
      return verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
    default:
      return false;
  }
};

/**
 * Whether one of the keys made a signature (RFC 7518). The keys go with the algorithm already; `signed`
 * is `header.payload` in ASCII.
 */
export const checkTokenSignature = (
  algorithm: string,
  keys: readonly TokenKey[],
  signed: string,
  signature: Uint8Array,
): boolean => {
  const bytes = Buffer.from(signed, 'latin1');
  const isSecret = algorithm.startsWith('HS');
  return keys.some((key) => {
    if (isSecret) return checkHmac(key, `sha${algorithm.slice(2)}`, bytes, signature);
    const object = keyObjectOf(key);
    try {
      return object !== undefined && checkAsymmetric(object, algorithm, bytes, signature);
    } catch {
      return false;
    }
  });
};
