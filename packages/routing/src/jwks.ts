/** A public key as JWK (RFC 7517); only what is well formed becomes one. */
export interface JwkKey {
  readonly type: 'RSA' | 'EC' | 'oct' | 'OKP';
  /** Empty: goes with every token. */
  readonly id: string;
  /** Empty: every algorithm of its type. */
  readonly algorithm: string;
  /** `P-256`, `Ed25519` ...; empty for the others. */
  readonly curve: string;
  /** Public members only, as `crypto.createPublicKey({ format: 'jwk' })` takes them. */
  readonly jwk: Readonly<Record<string, string>>;
}

/** A set of keys. */
export interface Jwks {
  readonly keys: readonly JwkKey[];
}

/** Bound on keys of a set: identity providers have a handful, and each may cost a signature check. */
const maxKeys = 100;

const members: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  oct: ['k'],
  OKP: ['crv', 'x'],
};

const curves: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521', 'Ed25519']);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (object: Readonly<Record<string, unknown>>, name: string): string => {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === 'string' ? value : '';
};

const isKeyType = (type: string): type is JwkKey['type'] => Object.hasOwn(members, type);

const readKey = (value: unknown): readonly JwkKey[] => {
  if (!isObject(value)) return [];
  const type = textOf(value, 'kty');
  if (!isKeyType(type)) return [];
  const wanted = members[type] ?? [];
  const jwk = Object.fromEntries(wanted.map((name) => [name, textOf(value, name)]));
  if (wanted.some((name) => jwk[name] === '')) return [];
  const curve = jwk['crv'] ?? '';
  if (curve !== '' && !curves.has(curve)) return [];
  const use = textOf(value, 'use');
  if (use !== '' && use !== 'sig') return [];
  return [
    {
      type,
      id: textOf(value, 'kid'),
      algorithm: textOf(value, 'alg'),
      curve,
      jwk: { kty: type, ...jwk },
    },
  ];
};

/** Reads a JWK set; keys that cannot be used are left out. Undefined: it is no JWK set at all. */
export const parseJwks = (text: string): Jwks | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    const list = isObject(value) ? value['keys'] : undefined;
    if (!Array.isArray(list)) return undefined;
    return { keys: list.slice(0, maxKeys).flatMap(readKey) };
  } catch {
    return undefined;
  }
};
