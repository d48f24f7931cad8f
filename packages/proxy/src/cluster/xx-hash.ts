/** An unsigned 64-bit number in two halves: BigInt would cost more than the hash itself. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** A 64-bit register; all operations are modulo 2^64. */
class Register {
  high: number;
  low: number;

  constructor(high: number, low: number) {
    this.high = high;
    this.low = low;
  }

  add(high: number, low: number): this {
    const sum = this.low + low;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
    this.low = sum >>> 0;
    return this;
  }

  xor(high: number, low: number): this {
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
    return this;
  }

  /** Schoolbook on 16-bit limbs: each partial product and sum is exact in a double. */
  multiply(high: number, low: number): this {
    const left0 = this.low & 0xffff;
    const left1 = this.low >>> 16;
    const right0 = low & 0xffff;
    const right1 = low >>> 16;
    const lowest = left0 * right0;
    const cross = left0 * right1;
    const middle = left1 * right0 + (cross & 0xffff) + (lowest >>> 16);
    const carry = left1 * right1 + (cross >>> 16) + (middle >>> 16);
    this.high = (carry + Math.imul(this.high, low) + Math.imul(this.low, high)) >>> 0;
    this.low = ((middle << 16) | (lowest & 0xffff)) >>> 0;
    return this;
  }

  /** Left by 1 to 31 bits. */
  rotate(bits: number): this {
    const { high, low } = this;
    this.high = ((high << bits) | (low >>> (32 - bits))) >>> 0;
    this.low = ((low << bits) | (high >>> (32 - bits))) >>> 0;
    return this;
  }

  /** One lane of input into an accumulator. */
  round(high: number, low: number): this {
    const lane = new Register(high, low).multiply(p2High, p2Low);
    return this.add(lane.high, lane.low).rotate(31).multiply(p1High, p1Low);
  }

  /** An accumulator into the hash. */
  merge({ high, low }: Register): this {
    const lane = new Register(0, 0).round(high, low);
    return this.xor(lane.high, lane.low).multiply(p1High, p1Low).add(p4High, p4Low);
  }
}

const p1High = 0x9e3779b1;
const p1Low = 0x85ebca87;
const p2High = 0xc2b2ae3d;
const p2Low = 0x27d4eb4f;
const p3High = 0x165667b1;
const p3Low = 0x9e3779f9;
const p4High = 0x85ebca77;
const p4Low = 0xc2b2ae63;
const p5High = 0x27d4eb2f;
const p5Low = 0x165667c5;

const stripeBytes = 32;

/** Four characters as a little-endian word. */
const word = (text: string, at: number): number =>
  ((text.charCodeAt(at) & 0xff) |
    ((text.charCodeAt(at + 1) & 0xff) << 8) |
    ((text.charCodeAt(at + 2) & 0xff) << 16) |
    ((text.charCodeAt(at + 3) & 0xff) << 24)) >>>
  0;

const hashStripes = (text: string, seed: number): Register => {
  const lanes = [
    new Register(0, seed).add(p1High, p1Low).add(p2High, p2Low),
    new Register(0, seed).add(p2High, p2Low),
    new Register(0, seed),
    // Minus p1, as plus its complement and one.
    new Register(0, seed).add(~p1High >>> 0, ~p1Low >>> 0).add(0, 1),
  ] as const;
  for (let at = 0; at + stripeBytes <= text.length; at += stripeBytes) {
    for (let lane = 0; lane < 4; lane++) {
      const start = at + lane * 8;
      lanes[lane]?.round(word(text, start + 4), word(text, start));
    }
  }
  const [first, second, third, fourth] = lanes;
  const hash = new Register(first.high, first.low).rotate(1);
  for (const [lane, bits] of [[second, 7] as const, [third, 12] as const, [fourth, 18] as const]) {
    const rotated = new Register(lane.high, lane.low).rotate(bits);
    hash.add(rotated.high, rotated.low);
  }
  return hash.merge(first).merge(second).merge(third).merge(fourth);
};

/** What is left after the stripes: fewer than 32 bytes. */
const hashRest = (hash: Register, text: string): void => {
  const { length } = text;
  let at = length - (length % stripeBytes);
  for (; at + 8 <= length; at += 8) {
    const lane = new Register(0, 0).round(word(text, at + 4), word(text, at));
    hash.xor(lane.high, lane.low).rotate(27).multiply(p1High, p1Low).add(p4High, p4Low);
  }
  if (at + 4 <= length) {
    const lane = new Register(0, word(text, at)).multiply(p1High, p1Low);
    hash.xor(lane.high, lane.low).rotate(23).multiply(p2High, p2Low).add(p3High, p3Low);
    at += 4;
  }
  for (; at < length; at++) {
    const lane = new Register(0, text.charCodeAt(at) & 0xff).multiply(p5High, p5Low);
    hash.xor(lane.high, lane.low).rotate(11).multiply(p1High, p1Low);
  }
};

/**
 * xxHash64 of Latin-1 text (one byte for each character: heads are kept so), with a seed of up to
 * 32 bits. Envoy places sessions by it, so sessions stick to the same endpoints as there.
 */
export const xxHash64 = (text: string, seed = 0): Hash64 => {
  const hash =
    text.length >= stripeBytes ? hashStripes(text, seed) : new Register(0, seed).add(p5High, p5Low);
  hash.add(0, text.length);
  hashRest(hash, text);
  hash.xor(0, hash.high >>> 1).multiply(p2High, p2Low);
  hash.xor(hash.high >>> 29, ((hash.high << 3) | (hash.low >>> 29)) >>> 0);
  hash.multiply(p3High, p3Low);
  return hash.xor(0, hash.high);
};

/** `hash` modulo a number below 2^26: exact without 64-bit arithmetic. */
export const hashModulo = ({ high, low }: Hash64, divisor: number): number =>
  ((high % divisor) * (0x1_0000_0000 % divisor) + low) % divisor;

/** A hash after another: rotated by one so that equal ones do not cancel (Envoy's rule). */
export const combineHashes = (before: Hash64 | undefined, next: Hash64): Hash64 =>
  before === undefined
    ? next
    : new Register(before.high, before.low).rotate(1).xor(next.high, next.low);

/** 16 hexadecimal digits: the values of cookies Envoy generates. */
export const hashHex = ({ high, low }: Hash64): string =>
  high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
