/** A JSON Web Key Set (RFC 7517) as it was fetched. */
export interface FetchedKeySet {
  /** As it came. */
  readonly text: string;
  /** Where it was in the end; differs from what a policy names after discovery. */
  readonly url: string;
  /** `kid` of each key; '' for one without. */
  readonly keyIds: readonly string[];
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Ids of a set's keys; undefined: the text is no key set, such as a login page. */
export const keyIdsOf = (text: string): readonly string[] | undefined => {
  const keys = fieldOf(parse(text), 'keys');
  if (!Array.isArray(keys)) return undefined;
  return keys.map((key) => {
    const id = fieldOf(key, 'kid');
    return typeof id === 'string' ? id : '';
  });
};

/** `jwks_uri` of a discovery document (OpenID Connect Discovery 1.0, section 3); undefined without one. */
export const keySetUrlOf = (text: string): string | undefined => {
  const url = fieldOf(parse(text), 'jwks_uri');
  return typeof url === 'string' && url !== '' ? url : undefined;
};
