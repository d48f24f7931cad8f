import { decodeBase64Url, decodeUtf8 } from './base64.ts';
import type { JwtStatus } from './jwt-status.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** A token taken apart; nothing in it is to be believed before its signature is checked. */
export interface JwtToken {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly algorithm: string;
  /** Empty when the header has none. */
  readonly keyId: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** Seconds since the epoch. */
  readonly notBefore: number | undefined;
  readonly expires: number | undefined;
  /** What was signed: `header.payload`. */
  readonly signed: string;
  readonly signature: Uint8Array;
  /** As it came, base64url. */
  readonly payloadText: string;
}

/** What a signature algorithm asks of a key. */
interface Algorithm {
  readonly type: 'RSA' | 'EC' | 'oct' | 'OKP';
  readonly curve: string;
}

const rsa: Algorithm = { type: 'RSA', curve: '' };
const hmac: Algorithm = { type: 'oct', curve: '' };

/** Every algorithm Envoy knows. `none` is not one of them. */
export const jwtAlgorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['ES256', { type: 'EC', curve: 'P-256' }],
  ['ES384', { type: 'EC', curve: 'P-384' }],
  ['ES512', { type: 'EC', curve: 'P-521' }],
  ['RS256', rsa],
  ['RS384', rsa],
  ['RS512', rsa],
  ['PS256', rsa],
  ['PS384', rsa],
  ['PS512', rsa],
  ['HS256', hmac],
  ['HS384', hmac],
  ['HS512', hmac],
  ['EdDSA', { type: 'OKP', curve: 'Ed25519' }],
]);

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An own member: `__proto__` and its kin never count. */
export const member = (object: JsonObject, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;

const readJson = (bytes: Uint8Array): JsonObject | undefined => {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

type Result<T> = { readonly value: T } | { readonly status: JwtStatus };

const section = (text: string, part: 'header' | 'payload'): Result<JsonObject> => {
  const bytes = decodeBase64Url(text);
  if (bytes === undefined) return { status: `${part}-bad-base64` };
  const value = readJson(bytes);
  return value === undefined ? { status: `${part}-bad-json` } : { value };
};

const headerProblem = (header: JsonObject): JwtStatus | undefined => {
  const algorithm = member(header, 'alg');
  if (typeof algorithm !== 'string') return 'header-bad-alg';
  if (!jwtAlgorithms.has(algorithm)) return 'header-alg-unknown';
  const keyId = member(header, 'kid');
  if (keyId !== undefined && typeof keyId !== 'string') return 'header-bad-kid';
  return member(header, 'crit') === undefined ? undefined : 'header-critical';
};

const textClaims = ['iss', 'sub', 'jti'] as const;
const timeClaims = ['iat', 'nbf', 'exp'] as const;

const isTime = (value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

const isAudience = (value: unknown): boolean =>
  typeof value === 'string' ||
  (Array.isArray(value) && value.every((one) => typeof one === 'string'));

const payloadProblem = (payload: JsonObject): JwtStatus | undefined => {
  for (const name of textClaims) {
    const value = member(payload, name);
    if (value !== undefined && typeof value !== 'string') return `payload-bad-${name}`;
  }
  for (const name of timeClaims) {
    const value = member(payload, name);
    if (value !== undefined && !isTime(value)) return `payload-bad-${name}`;
  }
  const audience = member(payload, 'aud');
  return audience === undefined || isAudience(audience) ? undefined : 'payload-bad-aud';
};

const textOf = (object: JsonObject, name: string): string => String(member(object, name) ?? '');

const timeOf = (payload: JsonObject, name: string): number | undefined => {
  const value = member(payload, name);
  return typeof value === 'number' ? value : undefined;
};

const audiencesOf = (payload: JsonObject): readonly string[] => {
  const value = member(payload, 'aud');
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? [value] : [];
};

/** Takes a token apart as Envoy's library does: three parts, an algorithm that is known, typed claims. */
export const parseJwt = (text: string): Result<JwtToken> => {
  const parts = text.split('.');
  const [headerText = '', payloadText = '', signatureText = ''] = parts;
  if (parts.length !== 3 || parts.includes('')) return { status: 'bad-format' };
  const header = section(headerText, 'header');
  if ('status' in header) return header;
  const badHeader = headerProblem(header.value);
  if (badHeader !== undefined) return { status: badHeader };
  const payload = section(payloadText, 'payload');
  if ('status' in payload) return payload;
  const badPayload = payloadProblem(payload.value);
  if (badPayload !== undefined) return { status: badPayload };
  const signature = decodeBase64Url(signatureText);
  if (signature === undefined) return { status: 'signature-bad-base64' };
  return {
    value: {
      header: header.value,
      payload: payload.value,
      algorithm: textOf(header.value, 'alg'),
      keyId: textOf(header.value, 'kid'),
      issuer: textOf(payload.value, 'iss'),
      subject: textOf(payload.value, 'sub'),
      audiences: audiencesOf(payload.value),
      notBefore: timeOf(payload.value, 'nbf'),
      expires: timeOf(payload.value, 'exp'),
      signed: `${headerText}.${payloadText}`,
      signature,
      payloadText,
    },
  };
};
