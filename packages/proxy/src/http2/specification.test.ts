/** Cases of h2spec 2.6 by their numbers; those that only send one bad frame are in `bad-frames.test.ts`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  block,
  FrameClient,
  frame,
  frameFlag,
  frameType,
  headers,
  preface,
  type ReceivedFrame,
  requestLines,
  settings,
  uint32,
} from '../testing/http2-frames.ts';
import { type RunningProxy, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { httpUpstream, type Upstream } from '../testing/upstream.ts';

/** `answer`: a response to stream 1. `connection`, `stream`: an error of that scope, or beyond. */
type Outcome = 'answer' | 'connection' | 'stream';

interface SpecCase {
  /** Number in h2spec: `generic/…`, `http2/SECTION/N` of RFC 7540, `hpack/SECTION/N` of RFC 7541. */
  readonly id: string;
  readonly what: string;
  readonly bytes: readonly Buffer[];
  readonly wants: Outcome;
  /** What the library does instead, and why that is no harm here. */
  readonly deviates?: readonly [Outcome, string];
}

const { data, continuation, ping, priority, reset, windowUpdate } = frameType;
const head = frameType.headers;
const { endStream, endHeaders, padded, ack } = frameFlag;
const get = headers(1, requestLines());
const open = headers(1, [[':method', 'POST'], ...requestLines().slice(1)], 0);
const lines = block(requestLines());
const split = (parts: number): Buffer[] => {
  const size = Math.ceil(lines.length / parts);
  return Array.from({ length: parts }, (_, at) => lines.subarray(at * size, (at + 1) * size));
};
const [first = lines, second = lines, third = lines] = split(3);
/** A block that is preceded by raw bytes. */
const blockWith = (...bytes: number[]): Buffer =>
  frame(head, endStream | endHeaders, 1, Buffer.concat([Buffer.from(bytes), lines]));
const blockAndThen = (...bytes: number[]): Buffer =>
  frame(head, endStream | endHeaders, 1, Buffer.concat([lines, Buffer.from(bytes)]));
const without = (name: string) => requestLines().filter(([one]) => one !== name);
const twice = (name: string, value: string) => requestLines([name, value]);

const ok = (id: string, what: string, ...bytes: Buffer[]): SpecCase => ({
  id,
  what,
  bytes: [settings(), ...bytes],
  wants: 'answer',
});
const bad = (id: string, what: string, wants: Outcome, ...bytes: Buffer[]): SpecCase => ({
  id,
  what,
  bytes: [settings(), ...bytes],
  wants,
});
const deviating = (one: SpecCase, does: Outcome, why: string): SpecCase => ({
  ...one,
  deviates: [does, why],
});

const cases: readonly SpecCase[] = [
  // --- frames
  ok('http2/4.1/1', 'an unknown frame type', frame(0x16, 0, 0, Buffer.alloc(8)), get),
  ok('http2/4.1/2', 'an undefined flag', frame(ping, 0x16, 0, Buffer.alloc(8)), get),
  ok('http2/4.1/3', 'the reserved bit', frame(ping, 0, 0x8000_0000, Buffer.alloc(8)), get),
  ok('http2/4.2/1', 'DATA of 2^14 bytes', open, frame(data, endStream, 1, Buffer.alloc(16_384))),
  bad(
    'http2/4.2/3',
    'HEADERS longer than allowed',
    'connection',
    frame(head, 5, 1, Buffer.alloc(16_385)),
  ),
  bad(
    'http2/4.3/2',
    'PRIORITY inside a block',
    'connection',
    frame(head, endStream, 1, first),
    frame(priority, 0, 1, Buffer.alloc(5)),
    frame(continuation, endHeaders, 1, Buffer.concat([second, third])),
  ),
  bad(
    'http2/4.3/3',
    'HEADERS of another stream inside a block',
    'connection',
    frame(head, endStream, 1, first),
    headers(3, requestLines()),
  ),
  // --- states
  bad(
    'http2/5.1/3',
    'WINDOW_UPDATE on an idle stream',
    'connection',
    frame(windowUpdate, 0, 1, uint32(100)),
  ),
  bad(
    'http2/5.1/7',
    'CONTINUATION behind the end',
    'connection',
    get,
    frame(continuation, endHeaders, 1, first),
  ),
  bad(
    'http2/5.1/8',
    'DATA behind RST_STREAM',
    'stream',
    open,
    frame(reset, 0, 1, uint32(8)),
    frame(data, endStream, 1, Buffer.from('x')),
  ),
  bad(
    'http2/5.1/9',
    'HEADERS behind RST_STREAM',
    'stream',
    open,
    frame(reset, 0, 1, uint32(8)),
    get,
  ),
  bad(
    'http2/5.1/10',
    'CONTINUATION behind RST_STREAM',
    'connection',
    open,
    frame(reset, 0, 1, uint32(8)),
    frame(continuation, endHeaders, 1, first),
  ),
  deviating(
    bad(
      'http2/5.1.1/2',
      'a stream number lower than the last',
      'connection',
      headers(5, requestLines()),
      headers(3, requestLines()),
      headers(1, requestLines()),
    ),
    'stream',
    'streams with lower numbers are ignored: nothing is answered, and nothing is forwarded',
  ),
  bad(
    'http2/5.3.1/2',
    'PRIORITY on itself',
    'stream',
    open,
    frame(priority, 0, 1, Buffer.from([0, 0, 0, 1, 255])),
  ),
  ok(
    'http2/5.5/1',
    'an unknown frame between frames',
    open,
    frame(0x20, 0, 1, Buffer.from('x')),
    frame(data, endStream, 1, Buffer.from('x')),
  ),
  bad(
    'http2/5.5/2',
    'an unknown frame inside a block',
    'connection',
    frame(head, endStream, 1, first),
    frame(0x20, 0, 1, Buffer.alloc(1)),
  ),
  // --- DATA, HEADERS, PRIORITY
  ok(
    'generic/3.1/2',
    'several DATA frames',
    open,
    frame(data, 0, 1, Buffer.from('a')),
    frame(data, endStream, 1, Buffer.from('b')),
  ),
  ok(
    'generic/3.1/3',
    'padded DATA',
    open,
    frame(data, endStream | padded, 1, Buffer.from([3, 97, 0, 0, 0])),
  ),
  ok(
    'generic/3.2/2',
    'padded HEADERS',
    frame(
      head,
      endStream | endHeaders | padded,
      1,
      Buffer.concat([Buffer.from([2]), lines, Buffer.alloc(2)]),
    ),
  ),
  ok(
    'generic/3.2/3',
    'HEADERS with priority',
    frame(
      head,
      endStream | endHeaders | 0x20,
      1,
      Buffer.concat([Buffer.from([0, 0, 0, 0, 15]), lines]),
    ),
  ),
  bad(
    'http2/6.2/4',
    'HEADERS padded beyond its end',
    'connection',
    frame(head, endStream | endHeaders | padded, 1, Buffer.concat([Buffer.from([250]), lines])),
  ),
  ok(
    'generic/3.3/1',
    'PRIORITY of an idle stream',
    frame(priority, 0, 3, Buffer.from([0, 0, 0, 0, 255])),
    get,
  ),
  deviating(
    bad(
      'http2/6.3/1',
      'PRIORITY on stream 0',
      'connection',
      frame(priority, 0, 0, Buffer.from([128, 0, 0, 1, 255])),
    ),
    'stream',
    'priorities are ignored (RFC 9113 section 5.3.2), and so is what is wrong with them',
  ),
  bad(
    'http2/6.3/2',
    'PRIORITY of 4 bytes',
    'stream',
    open,
    frame(priority, 0, 1, Buffer.from([128, 0, 0, 1])),
  ),
  // --- RST_STREAM, SETTINGS, PING, GOAWAY
  bad('http2/6.5.2/4', 'MAX_FRAME_SIZE above 2^24 - 1', 'connection', settings([5, 0x100_0000])),
  ok('http2/6.5.2/5', 'a setting nobody knows', settings([0xff, 1]), get),
  ok('http2/6.5.3/1', 'INITIAL_WINDOW_SIZE twice in a frame', settings([4, 100], [4, 65_535]), get),
  ok('generic/3.7/1', 'PING', frame(ping, 0, 0, Buffer.from('12345678')), get),
  deviating(
    ok(
      'http2/6.7/2',
      'PING acknowledged out of the blue',
      frame(ping, ack, 0, Buffer.from('invalid!')),
      get,
    ),
    'connection',
    'acknowledgements of pings nobody sent end the session: only broken clients send them',
  ),
  // --- windows
  ok(
    'generic/3.9/1',
    'WINDOW_UPDATE of the connection and a stream',
    frame(windowUpdate, 0, 0, uint32(1)),
    open,
    frame(windowUpdate, 0, 1, uint32(1)),
    frame(data, endStream, 1, Buffer.from('x')),
  ),
  // --- CONTINUATION
  ok(
    'generic/3.10/1',
    'a block in two frames',
    frame(head, endStream, 1, first),
    frame(continuation, endHeaders, 1, Buffer.concat([second, third])),
  ),
  ok(
    'http2/6.10/1',
    'a block in three frames',
    frame(head, endStream, 1, first),
    frame(continuation, 0, 1, second),
    frame(continuation, endHeaders, 1, third),
  ),
  bad(
    'http2/6.10/2',
    'DATA inside a block',
    'connection',
    frame(head, 0, 1, first),
    frame(data, endStream, 1, Buffer.from('x')),
  ),
  bad(
    'http2/6.10/3',
    'CONTINUATION on stream 0',
    'connection',
    frame(head, endStream, 1, first),
    frame(continuation, endHeaders, 0, second),
  ),
  bad(
    'http2/6.10/4',
    'CONTINUATION behind a whole block',
    'connection',
    open,
    frame(continuation, endHeaders, 1, first),
  ),
  bad(
    'http2/6.10/6',
    'CONTINUATION behind DATA',
    'connection',
    open,
    frame(data, 0, 1, Buffer.from('x')),
    frame(continuation, endHeaders, 1, first),
  ),
  // --- messages
  ok('generic/4/1', 'GET', get),
  ok('generic/4/2', 'HEAD', headers(1, [[':method', 'HEAD'], ...requestLines().slice(1)])),
  ok('generic/4/3', 'POST', open, frame(data, endStream, 1, Buffer.from('test'))),
  ok(
    'generic/4/4',
    'POST with trailers',
    open,
    frame(data, 0, 1, Buffer.from('test')),
    headers(1, [['x-test', 'ok']]),
  ),
  bad('http2/8.1.2.3/3', 'no :scheme', 'stream', headers(1, without(':scheme'))),
  bad('http2/8.1.2.3/5', 'two :method', 'stream', headers(1, twice(':method', 'GET'))),
  bad('http2/8.1.2.3/6', 'two :scheme', 'stream', headers(1, twice(':scheme', 'http'))),
  bad(
    'http2/8.1.2.6/2',
    'less body in several frames than content-length',
    'stream',
    headers(1, [[':method', 'POST'], ...requestLines(['content-length', '5']).slice(1)], 0),
    frame(data, 0, 1, Buffer.from('a')),
    frame(data, endStream, 1, Buffer.from('b')),
  ),
  // --- HPACK
  ok(
    'hpack/generic',
    'indexed, and with incremental indexing',
    blockAndThen(0x40, 1, 0x78, 1, 0x79, 0xbe),
  ),
  bad('hpack/2.3.3/1', 'an index beyond both tables', 'connection', blockWith(0xc6)),
  bad(
    'hpack/2.3.3/2',
    'a name index beyond both tables',
    'connection',
    blockWith(0x7f, 0x20, 1, 0x61),
  ),
  bad('hpack/4.2/1', 'a table size behind the block', 'connection', blockAndThen(0x20)),
  bad(
    'hpack/5.2/1',
    'Huffman padding of more than 7 bits',
    'connection',
    blockWith(0, 1, 0x78, 0x82, 0x1f, 0xff),
  ),
  bad('hpack/5.2/2', 'Huffman padding of zeros', 'connection', blockWith(0, 1, 0x78, 0x81, 0x18)),
  bad(
    'hpack/5.2/3',
    'EOS inside a Huffman string',
    'connection',
    blockWith(0, 1, 0x78, 0x84, 0xff, 0xff, 0xff, 0xff),
  ),
  bad('hpack/6.1/1', 'index 0', 'connection', blockWith(0x80)),
  bad(
    'hpack/6.3/1',
    'a table larger than allowed',
    'connection',
    blockWith(0x3f, 0xff, 0xff, 0xff, 0x07),
  ),
];

let upstream: Upstream;
let proxy: RunningProxy;

before(async () => {
  upstream = await httpUpstream((request, response) => {
    request.resume();
    request.on('end', () => response.end('u'));
  });
  proxy = await runProxy({ clusters: [clusterJson('u', [upstream.port])], routes: [routeTo('u')] });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const isGoaway = ({ type }: ReceivedFrame): boolean => type === frameType.goaway;
const isResponse = ({ type, stream }: ReceivedFrame): boolean => type === head && stream === 1;
const isPong = ({ type, flags, payload }: ReceivedFrame): boolean =>
  type === ping && (flags & ack) !== 0 && payload.toString() === 'the end?';

/** What came of a case: a ping behind it shows that everything before was understood. */
const outcomeOf = async (client: FrameClient, wants: Outcome): Promise<Outcome> => {
  client.send(frame(ping, 0, 0, Buffer.from('the end?')));
  const isOver = (one: ReceivedFrame): boolean => isGoaway(one) || isPong(one);
  const last = await client.next(isOver);
  if (last === undefined || isGoaway(last)) return 'connection';
  const isReset = ({ type, stream }: ReceivedFrame): boolean => type === reset && stream === 1;
  if (wants !== 'answer') return client.frames.some(isResponse) ? 'answer' : 'stream';
  await client.next((one) => isResponse(one) || isReset(one) || isGoaway(one));
  return client.frames.some(isResponse) ? 'answer' : 'stream';
};

for (const { id, what, bytes, wants, deviates } of cases) {
  test(`h2spec ${id}: ${what}`, { timeout: 60_000 }, async () => {
    const client = new FrameClient(proxy.port);
    client.send(preface, ...bytes);
    const outcome = await outcomeOf(client, wants);
    client.destroy();
    const expected = deviates?.[0] ?? wants;
    // Ending more than must end is allowed (RFC 9113 section 5.4).
    if (expected === 'stream' && outcome === 'connection') return;
    assert.equal(outcome, expected, deviates?.[1] ?? '');
  });
}

test('h2spec http2/6.5.3/2, 6.7/1: SETTINGS and PING are acknowledged', {
  timeout: 60_000,
}, async () => {
  const client = new FrameClient(proxy.port);
  client.send(preface, settings(), frame(ping, 0, 0, Buffer.from('h2spec!!')));
  assert.ok(await client.next(({ type, flags }) => type === frameType.settings && flags === ack));
  const pong = await client.next(({ type, flags }) => type === ping && flags === ack);
  assert.equal(pong?.payload.toString(), 'h2spec!!');
  client.destroy();
});

/** Bytes of the body of stream 1 that have come so far. */
const bodyBytes = ({ frames }: FrameClient): number =>
  frames
    .filter(({ type, stream }) => type === data && stream === 1)
    .reduce((sum, { payload }) => sum + payload.length, 0);

test('h2spec http2/6.9.1/1, 6.9.2/1: windows are kept, and follow SETTINGS', {
  timeout: 60_000,
}, async () => {
  await using large = await httpUpstream((_request, response) => response.end('x'.repeat(100)));
  await using running = await runProxy({
    clusters: [clusterJson('u', [large.port])],
    routes: [routeTo('u')],
  });
  const client = new FrameClient(running.port);
  client.send(preface, settings([4, 1]), get);
  await client.next(({ type }) => type === data);
  assert.equal(bodyBytes(client), 1);
  client.send(settings([4, 40]));
  await client.next(() => bodyBytes(client) >= 40);
  assert.equal(bodyBytes(client), 40);
  // Below zero: nothing may come until updates have made up for it (6.9.2/2).
  client.send(settings([4, 30]), frame(windowUpdate, 0, 1, uint32(15)));
  await client.next(() => bodyBytes(client) >= 45);
  assert.equal(bodyBytes(client), 45);
  client.send(frame(windowUpdate, 0, 1, uint32(100)));
  await client.next(() => bodyBytes(client) === 100);
  client.destroy();
});

test('what deviates says why, and numbers are used once', () => {
  assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length);
  for (const { deviates } of cases) assert.ok(deviates === undefined || deviates[1].length > 20);
});
