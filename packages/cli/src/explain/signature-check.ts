import {
  constants,
  createHmac,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { SimulatedClient } from '@lateen/simulation';

type Verify = NonNullable<SimulatedClient['verify']>;
type Key = Parameters<Verify>[1][number];

const digestOf = (algorithm: string): string => `sha${algorithm.slice(-3)}`;

const hmacMatches = (
  key: Key,
  algorithm: string,
  signed: string,
  signature: Uint8Array,
): boolean => {
  const secret = Buffer.from(key.jwk['k'] ?? '', 'base64url');
  const wanted = createHmac(digestOf(algorithm), secret).update(signed).digest();
  return wanted.length === signature.length && timingSafeEqual(wanted, signature);
};

const publicKeyMatches = (
  key: KeyObject,
  algorithm: string,
  signed: string,
  signature: Uint8Array,
): boolean => {
  const data = Buffer.from(signed);
  if (algorithm === 'EdDSA') return verify(null, data, key, signature);
  const digest = digestOf(algorithm);
  if (algorithm.startsWith('ES')) {
    return verify(digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  }
  const padding = algorithm.startsWith('PS')
    ? constants.RSA_PKCS1_PSS_PADDING
    : constants.RSA_PKCS1_PADDING;
  return verify(digest, data, { key, padding }, signature);
};

/** Whether a key made a signature; a key that cannot be read made none. */
const matches = (key: Key, algorithm: string, signed: string, signature: Uint8Array): boolean => {
  if (key.type === 'oct') return hmacMatches(key, algorithm, signed, signature);
  try {
    const publicKey = createPublicKey({ key: key.jwk, format: 'jwk' });
    return publicKeyMatches(publicKey, algorithm, signed, signature);
  } catch {
    return false;
  }
};

/** Checks signatures of tokens (RFC 7518) with Node's cryptography. */
export const checkSignature: Verify = (algorithm, keys, signed, signature) =>
  keys.some((key) => matches(key, algorithm, signed, signature));
