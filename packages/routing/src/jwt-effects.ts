import { encodeBase64 } from './base64.ts';
import { utf8 } from './data-source.ts';
import type { FoundJwt } from './jwt-extraction.ts';
import type { JwtProviderSettings } from './jwt-settings.ts';
import { type JwtStatus, jwtStatusTexts } from './jwt-status.ts';
import { type JwtToken, member } from './jwt-token.ts';
import type { JwtEffects } from './jwt-verdict.ts';

/** The value at a dotted path; a claim whose own name has dots wins. */
const claimAt = (payload: JwtToken['payload'], path: string): unknown => {
  const whole = member(payload, path);
  if (whole !== undefined) return whole;
  let value: unknown = payload;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = member(value as JwtToken['payload'], key);
  }
  return value;
};

/** As Envoy writes claims into headers: integers bare, other numbers with six digits, lists as base64. */
const claimText = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    return Number.isInteger(value) && value >= 0 ? String(value) : value.toFixed(6);
  }
  if (typeof value !== 'object' || value === null) return '';
  return encodeBase64(utf8(JSON.stringify(value)));
};

/** Line breaks and NUL in a claim would forge headers: such a claim is left out. */
const isHeaderSafe = (text: string): boolean => text !== '' && !/[\r\n\0]/.test(text);

const padded = (text: string): string => text + '='.repeat((4 - (text.length % 4)) % 4);

/** Claims in a list become one, at blanks. */
const normalized = (
  payload: JwtToken['payload'],
  claims: ReadonlySet<string>,
): Readonly<Record<string, unknown>> => {
  if (claims.size === 0) return payload;
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) =>
      claims.has(name) && typeof value === 'string'
        ? [name, value.split(' ').filter((part) => part !== '')]
        : [name, value],
    ),
  );
};

const addedHeaders = (
  { payloadHeader, padPayloadHeader, claimHeaders }: JwtProviderSettings,
  { payload, payloadText }: JwtToken,
): readonly (readonly [string, string])[] => {
  const headers: (readonly [string, string])[] = [];
  if (payloadHeader !== '') {
    headers.push([payloadHeader, padPayloadHeader ? padded(payloadText) : payloadText]);
  }
  for (const { header, claim } of claimHeaders) {
    const text = claimText(claimAt(payload, claim));
    if (isHeaderSafe(text)) headers.push([header, text]);
  }
  return headers;
};

/** Collects what good tokens change; nothing is applied before the verdict stands. */
export class JwtEffectsRecorder {
  readonly #removeHeaders = new Set<string>();
  readonly #removeParameters = new Set<string>();
  #addHeaders: (readonly [string, string])[] = [];
  readonly #metadata: Record<string, unknown> = {};
  #clearRouteCache = false;

  /** Headers that only this filter may set go, also those an earlier token set. */
  sanitize({ payloadHeader, claimHeaders }: JwtProviderSettings): void {
    const names = [payloadHeader, ...claimHeaders.map(({ header }) => header)];
    for (const name of names) if (name !== '') this.#removeHeaders.add(name);
    this.#addHeaders = this.#addHeaders.filter(([name]) => !names.includes(name));
  }

  /** A token that was verified. */
  good(provider: JwtProviderSettings, token: JwtToken, { location }: FoundJwt): void {
    this.#addHeaders.push(...addedHeaders(provider, token));
    if (!provider.forward && location.kind === 'header') this.#removeHeaders.add(location.name);
    if (!provider.forward && location.kind === 'query') this.#removeParameters.add(location.name);
    const { payloadMetadata, headerMetadata } = provider;
    if (headerMetadata !== '') this.#metadata[headerMetadata] = token.header;
    if (payloadMetadata !== '') {
      this.#metadata[payloadMetadata] = normalized(token.payload, provider.spaceDelimitedClaims);
    }
    const changes = provider.claimHeaders.length > 0 || payloadMetadata !== '';
    this.#clearRouteCache ||= provider.clearRouteCache && changes;
  }

  /** A token that was not. */
  failed({ failedStatusMetadata: key }: JwtProviderSettings, status: JwtStatus): void {
    if (key !== '') this.#metadata[key] = { message: jwtStatusTexts[status] };
  }

  effects(): JwtEffects {
    return {
      removeHeaders: [...this.#removeHeaders],
      removeParameters: [...this.#removeParameters],
      addHeaders: this.#addHeaders,
      metadata: this.#metadata,
      clearRouteCache: this.#clearRouteCache,
    };
  }
}
