/**
 * The value at a path of metadata; only own members count, so `__proto__` finds nothing. An empty
 * path is the whole.
 */
export const metadataAt = (metadata: unknown, path: readonly string[]): unknown => {
  let value = metadata;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
};
