/** JSON with sorted keys, so that equal templates give equal text. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(',')}}`;
};

/** Letters and digits without vowels, so that no word appears in a name (Kubernetes' SafeEncodeString). */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** FNV-1a over UTF-16 units, 32 bits. */
const fnv32 = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
};

/** Short stable name of any JSON value: the `pod-template-hash` label, the suffix of an EndpointSlice. */
export const shortHash = (value: unknown): string =>
  [...String(fnv32(canonical(value)))]
    .map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length])
    .join('');
