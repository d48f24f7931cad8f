/** A public key as JWK (RFC 7517): only what is known to be well formed is here. */
export interface JwkKey {
  readonly type: 'RSA' | 'EC' | 'oct' | 'OKP';
  /** Empty: goes with every token. */
  readonly id: string;
  /** Empty: every algorithm of its type. */
  readonly algorithm: string;
  /** `P-256`, `Ed25519` ...; empty for the others. */
  readonly curve: string;
  /** The JWK itself, as `crypto.createPublicKey({ format: 'jwk' })` takes it. */
  readonly jwk: Readonly<Record<string, string>>;
}

/** A set of keys. */
export interface Jwks {
  readonly keys: readonly JwkKey[];
}
