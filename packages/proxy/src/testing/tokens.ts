import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JsonObject } from '@bufbuild/protobuf';

const encode = (value: JsonObject): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

/** Who signs tokens of tests: one ECDSA P-256 key. */
export class TokenIssuer {
  readonly #key: KeyObject;
  readonly #public: KeyObject;
  readonly keyId: string;

  constructor(keyId = 'one') {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.#public = publicKey;
    this.keyId = keyId;
  }

  /** JWK set, JSON text. */
  get jwks(): string {
    return JSON.stringify({
      keys: [{ ...this.#public.export({ format: 'jwk' }), kid: this.keyId }],
    });
  }

  /** A token of `issuer.test`, good for an hour unless the claims say otherwise. */
  token(claims: JsonObject = {}, header: JsonObject = {}): string {
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const head = encode({ alg: 'ES256', kid: this.keyId, typ: 'JWT', ...header });
    const payload = encode({ iss: 'issuer.test', sub: 'user', exp, ...claims });
    const signed = `${head}.${payload}`;
    const signature = sign('sha256', Buffer.from(signed), {
      key: this.#key,
      dsaEncoding: 'ieee-p1363',
    });
    return `${signed}.${signature.toString('base64url')}`;
  }
}
