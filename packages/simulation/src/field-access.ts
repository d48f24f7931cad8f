/** Reads of values of any shape, which is what manifests hold: what is not there, or of another type, is absent. */

/** A field; undefined when there is no such field, or nothing to have one. */
export const fieldOf = (value: unknown, ...path: readonly string[]): unknown => {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[name];
  }
  return current;
};

/** The list at a path of fields; [] for anything else. */
export const listOf = (value: unknown, ...path: readonly string[]): readonly unknown[] => {
  const found = fieldOf(value, ...path);
  return Array.isArray(found) ? found : [];
};

/** The text at a path of fields; undefined for anything else. */
export const textOf = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = fieldOf(value, ...path);
  return typeof found === 'string' ? found : undefined;
};

/** The number at a path of fields; undefined for anything else. */
export const numberOf = (value: unknown, ...path: readonly string[]): number | undefined => {
  const found = fieldOf(value, ...path);
  return typeof found === 'number' ? found : undefined;
};

/** A map of texts; entries of other types are left out. */
export const textsOf = (
  value: unknown,
  ...path: readonly string[]
): Readonly<Record<string, string>> => {
  const found = fieldOf(value, ...path);
  if (typeof found !== 'object' || found === null) return {};
  return Object.fromEntries(
    Object.entries(found).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
};
