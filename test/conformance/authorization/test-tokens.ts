import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { SimulatedClient } from '@lateen/simulation';

type Json = Readonly<Record<string, unknown>>;

/** How a token of a row differs from a good one. */
export interface TokenText {
  /** Whose key signs. Default `issuer`. */
  readonly key?: 'issuer' | 'rsa' | 'stranger' | 'hmac-with-public-key' | 'none';
  /** Over those of a good token; null takes one out. Times are seconds from now. */
  readonly claims?: Json;
  readonly header?: Json;
  /** Claims exchanged after signing. */
  readonly forged?: Json;
  /** Instead of a token. */
  readonly text?: string;
}

/** Issuer of good tokens. */
export const testIssuer = 'https://issuer.example';

const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid });

/** The key set of the issuer: one EC and one RSA key. */
export const testJwks: string = JSON.stringify({
  keys: [jwk(issuer.publicKey, 'ec'), jwk(rsa.publicKey, 'rsa')],
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const times: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat']);

const claimsAt = (nowSeconds: number, claims: Json): Json =>
  Object.fromEntries(
    Object.entries({ iss: testIssuer, sub: 'alice', exp: 600, ...claims })
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [
        name,
        times.has(name) && typeof value === 'number' ? nowSeconds + value : value,
      ]),
  );

const signed = (text: string, key: NonNullable<TokenText['key']>): string => {
  const data = Buffer.from(text);
  const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  switch (key) {
    case 'none':
      return '';
    case 'hmac-with-public-key':
      return createHmac('sha256', publicPem).update(text).digest('base64url');
    case 'rsa':
      return sign('sha256', data, rsa.privateKey).toString('base64url');
    default: {
      const { privateKey } = key === 'stranger' ? stranger : issuer;
      return sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString(
        'base64url',
      );
    }
  }
};

const defaultHeader = (key: NonNullable<TokenText['key']>): Json => {
  if (key === 'none') return { alg: 'none' };
  if (key === 'rsa') return { alg: 'RS256', kid: 'rsa' };
  return key === 'hmac-with-public-key'
    ? { alg: 'HS256', kid: 'rsa' }
    : { alg: 'ES256', kid: 'ec' };
};

/** The token of a row. */
export const makeToken = (token: TokenText, nowSeconds: number): string => {
  if (token.text !== undefined) return token.text;
  const { key = 'issuer', claims = {}, forged } = token;
  const header = encode({ ...defaultHeader(key), ...token.header });
  const payload = encode(claimsAt(nowSeconds, claims));
  const signature = signed(`${header}.${payload}`, key);
  const shown =
    forged === undefined ? payload : encode(claimsAt(nowSeconds, { ...claims, ...forged }));
  return `${header}.${shown}.${signature}`;
};

/** Checks the algorithms of the test's keys. */
export const verifyTestToken: NonNullable<SimulatedClient['verify']> = (_, keys, text, signature) =>
  keys.some((key) => {
    if (key.type === 'oct') return false;
    const publicKey = createPublicKey({ key: key.jwk, format: 'jwk' });
    const options = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    return verify('sha256', Buffer.from(text), options, signature);
  });
