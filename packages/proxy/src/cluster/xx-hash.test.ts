import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineHashes, hashHex, hashModulo, xxHash64 } from './xx-hash.ts';

const mask = (1n << 64n) - 1n;
const big = ({ high, low }: { high: number; low: number }): bigint =>
  (BigInt(high) << 32n) | BigInt(low);

test('published vectors of xxHash64, with those of Envoy', () => {
  const rows: readonly [string, number, bigint][] = [
    ['', 0, 0xef46db3751d8e999n],
    ['a', 0, 0xd24ec4f1a98c6e5bn],
    ['abc', 0, 0x44bc2cf5ad770999n],
    ['xxhash', 0, 0x32dd38952c4bc720n],
    ['xxhash', 20_141_025, 0xb559b98d844e0635n],
    ['Call me Ishmael. Some years ago--never mind how long precisely-', 0, 0x02a2e85470d6fd96n],
    ['foo', 0, 3728699739546630719n],
    ['bar', 0, 5234164152756840025n],
    ['foo\nbar', 0, 8917841378505826757n],
    ['lyft', 0, 4400747396090729504n],
  ];
  for (const [text, seed, expected] of rows)
    assert.equal(big(xxHash64(text, seed)), expected, text);
});

/** The specification, word for word, with BigInt. */
const reference = (text: string, seed: bigint): bigint => {
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n,
    0xc2b2ae3d27d4eb4fn,
    0x165667b19e3779f9n,
    0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ] as const;
  const rotate = (value: bigint, bits: bigint) =>
    ((value << bits) | (value >> (64n - bits))) & mask;
  const round = (value: bigint, lane: bigint) =>
    (rotate((value + lane * p2) & mask, 31n) * p1) & mask;
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  let hash = (seed + p5) & mask;
  if (bytes.length >= 32) {
    const lanes = [seed + p1 + p2, seed + p2, seed, seed - p1].map((lane) => lane & mask);
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = round(lanes[lane] as bigint, bytes.readBigUInt64LE(at + lane * 8));
      }
    }
    hash = 0n;
    [1n, 7n, 12n, 18n].forEach((bits, lane) => {
      hash = (hash + rotate(lanes[lane] as bigint, bits)) & mask;
    });
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * p1 + p4) & mask;
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * p1 + p4) & mask;
  }
  if (at + 4 <= bytes.length) {
    const lane = (BigInt(bytes.readUInt32LE(at)) * p1) & mask;
    hash = (rotate(hash ^ lane, 23n) * p2 + p3) & mask;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = (rotate(hash ^ ((BigInt(bytes[at] as number) * p5) & mask), 11n) * p1) & mask;
  }
  hash = ((hash ^ (hash >> 33n)) * p2) & mask;
  hash = ((hash ^ (hash >> 29n)) * p3) & mask;
  return hash ^ (hash >> 32n);
};

test('every length up to 100 bytes agrees with the specification in BigInt', () => {
  let text = '';
  for (let length = 0; length <= 100; length++) {
    for (const seed of [0, 1, 0xffff_ffff]) {
      const expected = reference(text, BigInt(seed));
      assert.equal(big(xxHash64(text, seed)), expected, `${length} bytes, seed ${seed}`);
      for (const divisor of [100, 65_537, 5_000_011]) {
        assert.equal(hashModulo(xxHash64(text, seed), divisor), Number(expected % BigInt(divisor)));
      }
    }
    text += String.fromCharCode((length * 37 + 200) & 0xff);
  }
});

test('combines by rotating the former', () => {
  const first = xxHash64('foo');
  const both = ((big(first) << 1n) | (big(first) >> 63n)) & mask;
  assert.equal(big(combineHashes(first, xxHash64('bar'))), both ^ big(xxHash64('bar')));
  assert.equal(combineHashes(undefined, first), first);
  assert.equal(hashHex(first), '33bf00a859c4ba3f');
});
