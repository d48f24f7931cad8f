import { encodeBase64 } from './base64.ts';
import { utf8 } from './data-source.ts';
import type { JwkKey, Jwks } from './jwks.ts';

/** A token that nobody signed: for questions about requests that are not sent. */
export interface HypotheticalJwt {
  readonly text: string;
  /** What its signature would be over: to be recognised by. */
  readonly signed: string;
}

const base64Url = (text: string): string =>
  encodeBase64(utf8(text)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

const keyId = 'hypothetical';

/** A token with these claims. No proxy believes it. */
export const hypotheticalJwt = (claims: Readonly<Record<string, unknown>>): HypotheticalJwt => {
  const header = base64Url(JSON.stringify({ alg: 'RS256', kid: keyId }));
  const signed = `${header}.${base64Url(JSON.stringify(claims))}`;
  return { signed, text: `${signed}.${base64Url('hypothetical')}` };
};

const key = (type: JwkKey['type'], curve: string, id: string): JwkKey => ({
  ...{ type, id, algorithm: '', curve, jwk: {} },
});

/** The key such a token names; it has no material. */
export const hypotheticalKey: JwkKey = key('RSA', '', keyId);

/** Keys without material that go with every token: for those that are not at hand. */
export const hypotheticalJwks: Jwks = {
  keys: [
    key('RSA', '', ''),
    key('EC', 'P-256', ''),
    key('EC', 'P-384', ''),
    key('EC', 'P-521', ''),
    key('oct', '', ''),
    key('OKP', 'Ed25519', ''),
  ],
};

/** Whether a key has material to verify with. */
export const hasMaterial = ({ jwk }: JwkKey): boolean => Object.keys(jwk).length > 0;
