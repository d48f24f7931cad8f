import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromJson, toBinary } from '@bufbuild/protobuf';
import { AnySchema, anyPack, StringValueSchema, StructSchema } from '@bufbuild/protobuf/wkt';
import { createMeshIdentity } from '../istio.stats/mesh-identity.ts';
import { encodePeerFrame, PeerFrameReader } from './peer-frame.ts';

const identity = createMeshIdentity({
  id: 'sidecar~10.0.0.1~web.default~default.svc.cluster.local',
  cluster: 'web',
  metadata: {
    WORKLOAD_NAME: 'web-v1',
    NAMESPACE: 'default',
    CLUSTER_ID: 'Kubernetes',
    SECRET: 'not for peers',
    LABELS: { app: 'web', version: 'v1' },
  },
});
const frame = encodePeerFrame(identity);
const payload = Buffer.from('application bytes');

const framed = (message: Uint8Array, length = message.length): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(0x3d230467, 0);
  head.writeUInt32BE(length, 4);
  return Buffer.concat([head, message]);
};

test('a frame is the magic number, a length and an Any of a Struct with metadata and id', () => {
  assert.equal(frame.readUInt32BE(0), 0x3d230467);
  assert.equal(frame.readUInt32BE(4), frame.length - 8);
  const text = frame.toString('latin1');
  assert.match(text, /type\.googleapis\.com\/google\.protobuf\.Struct/);
  assert.match(text, /x-envoy-peer-metadata-id/);
  assert.doesNotMatch(text, /SECRET/);
});

test('reads a frame in pieces of every size, and leaves what follows alone', () => {
  const stream = Buffer.concat([frame, payload]);
  for (let size = 1; size <= stream.length; size++) {
    const reader = new PeerFrameReader();
    const rest: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) {
      rest.push(reader.take(stream.subarray(at, at + size)));
    }
    assert.equal(reader.state, 'found');
    assert.equal(reader.peer?.['workload'], 'web-v1');
    assert.equal(reader.peer?.['canonicalService'], 'web');
    assert.deepEqual(Buffer.concat(rest), payload, `pieces of ${size}`);
  }
});

const struct = (json: Parameters<typeof fromJson>[1]): Uint8Array =>
  toBinary(AnySchema, anyPack(StructSchema, fromJson(StructSchema, json)));
const otherType = toBinary(
  AnySchema,
  anyPack(StringValueSchema, create(StringValueSchema, { value: 'x' })),
);

const beginnings: readonly (readonly [string, Buffer, string, boolean])[] = [
  ['other bytes', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'absent', true],
  ['one other byte', Buffer.from('x'), 'absent', true],
  ['half of the magic number, then others', Buffer.from([0x3d, 0x23, 0, 0]), 'absent', true],
  ['a frame of nothing', framed(Buffer.alloc(0)), 'damaged', false],
  ['a frame that is no protobuf', framed(Buffer.alloc(20, 0xff)), 'damaged', false],
  ['a message of another type', framed(otherType), 'damaged', false],
  [
    'a struct without metadata',
    framed(struct({ 'x-envoy-peer-metadata-id': 'a' })),
    'damaged',
    false,
  ],
  ['metadata that are a text', framed(struct({ 'x-envoy-peer-metadata': 'a' })), 'damaged', false],
  ['a frame that is too long', framed(Buffer.alloc(4), 65_537), 'oversized', false],
  ['a part of a frame', frame.subarray(0, 40), 'reading', false],
];
for (const [name, bytes, state, passes] of beginnings) {
  test(`a stream that begins with ${name}: ${state}`, () => {
    const reader = new PeerFrameReader();
    const rest = reader.take(bytes);
    assert.equal(reader.state, state);
    assert.deepEqual(rest, passes ? bytes : Buffer.alloc(0));
  });
}

test('an end passes on what never became a head, and drops a frame that was cut', () => {
  const short = new PeerFrameReader();
  assert.equal(short.take(frame.subarray(0, 6)).length, 0);
  assert.ok(short.isInside);
  assert.deepEqual([short.end(), short.state], [frame.subarray(0, 6), 'absent']);
  const cut = new PeerFrameReader();
  cut.take(frame.subarray(0, 20));
  assert.deepEqual([cut.end().length, cut.state], [0, 'cut']);
});

/** Numbers of a fixed seed (mulberry32). */
const random = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

test('arbitrary changes of a frame never throw, and never change what an intact length leaves', () => {
  const draw = random(7);
  const seen = new Set<string>();
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.concat([frame, payload]);
    const from = round % 3 === 0 ? 0 : 8;
    for (let change = 0; change < 1 + draw() * 4; change++) {
      bytes[from + Math.floor(draw() * (frame.length - from))] = Math.floor(draw() * 256);
    }
    const reader = new PeerFrameReader();
    const cut = Math.floor(draw() * bytes.length);
    const rest = Buffer.concat([
      reader.take(bytes.subarray(0, cut)),
      reader.take(bytes.subarray(cut)),
      reader.end(),
    ]);
    seen.add(reader.state);
    assert.ok(rest.length <= bytes.length);
    if (from === 8) assert.deepEqual(rest, payload);
    if (reader.state === 'absent') assert.deepEqual(rest, bytes);
  }
  assert.deepEqual([...seen].sort(), ['absent', 'cut', 'damaged', 'found', 'oversized']);
});
