import { isJsonObject, memberOf } from './json-value.ts';

/** Applies a JSON Merge Patch (RFC 7386): null removes a member, lists are replaced. */
export const applyMergePatch = (live: unknown, patch: unknown): unknown => {
  if (!isJsonObject(patch)) return patch;
  const base = isJsonObject(live) ? live : {};
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, applyMergePatch(memberOf(base, key), value));
  }
  return Object.fromEntries(merged);
};
