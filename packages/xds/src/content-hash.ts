/**
 * A 64-bit content hash as 16 hexadecimal digits: two murmur-like 32-bit lanes over the bytes with a
 * final avalanche. It names versions, where a collision needs two contents of the same resource in a
 * row; it is no defence against an attacker.
 */
export const contentHash = (bytes: Uint8Array): string => {
  let low = 0xdeadbeef ^ bytes.length;
  let high = 0x41c6ce57 ^ bytes.length;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    low = Math.imul(low ^ byte, 0x9e3779b1);
    high = Math.imul(high ^ byte, 0x5f356495);
    low = (low << 13) | (low >>> 19);
    high = (high << 17) | (high >>> 15);
  }
  return hexOfLanes(low, high);
};

/** A hash of a set of texts, whatever their order: the sum of a hash of each, lane by lane. */
export const unorderedHash = (texts: Iterable<string>): string => {
  let low = 0;
  let high = 0;
  for (const text of texts) {
    const [textLow, textHigh] = textLanes(text);
    low = (low + avalanche(textLow ^ (textHigh >>> 7))) | 0;
    high = (high + avalanche(textHigh ^ (textLow >>> 9))) | 0;
  }
  return hexOfLanes(low, high);
};

const textLanes = (text: string): readonly [number, number] => {
  let low = 0xdeadbeef ^ text.length;
  let high = 0x41c6ce57 ^ text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
    low = (low << 13) | (low >>> 19);
    high = (high << 17) | (high >>> 15);
  }
  return [low, high];
};

const hexOfLanes = (low: number, high: number): string => {
  const mixedLow = avalanche(low ^ (high >>> 7));
  const mixedHigh = avalanche(high ^ mixedLow);
  return hexOf(mixedHigh) + hexOf(mixedLow);
};

/** murmur3's fmix32: every input bit reaches every output bit. */
const avalanche = (lane: number): number => {
  let mixed = lane ^ (lane >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
};

const hexOf = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0');
