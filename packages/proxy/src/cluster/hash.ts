const utf8 = new TextEncoder();

const mix = (hash: number, factor: number): number => {
  const mixed = Math.imul(hash ^ (hash >>> 15), factor);
  return mixed ^ (mixed >>> 13);
};

/**
 * A 32-bit hash of text (MurmurHash3 finaliser over FNV-1a), stable over processes and releases:
 * it decides where sessions stick. Envoy uses xxHash64; keys land on other endpoints than with
 * Envoy, evenly all the same.
 */
export const hashText = (text: string, seed = 0): number => {
  let hash = 0x811c9dc5 ^ seed;
  for (const byte of utf8.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return mix(mix(hash, 0x85ebca6b), 0xc2b2ae35) >>> 0;
};
