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

/** Error codes of RFC 9113 section 7. */
const code = {
  protocol: 1,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  compression: 9,
  calm: 11,
} as const;

/** How a case must end: the connection by GOAWAY, or the stream by RST_STREAM; any of the codes. */
interface BadCase {
  readonly name: string;
  readonly bytes: readonly Buffer[];
  readonly ends: 'connection' | 'stream' | 'either';
  readonly codes: readonly number[];
}

const { data, continuation, ping, priority, pushPromise, reset, windowUpdate } = frameType;
const post = headers(1, [[':method', 'POST'], ...requestLines().slice(1)], 0);
const get = headers(1, requestLines());
const many = (count: number, make: (at: number) => Buffer): Buffer[] =>
  Array.from({ length: count }, (_, at) => make(at));
const malformed = (lines: readonly (readonly [string, string])[]): readonly Buffer[] => [
  settings(),
  headers(1, lines),
];
const without = (name: string) => requestLines().filter(([one]) => one !== name);

const connection = (name: string, allowed: readonly number[], ...bytes: Buffer[]): BadCase => ({
  name,
  bytes,
  ends: 'connection',
  codes: allowed,
});
const stream = (name: string, allowed: readonly number[], bytes: readonly Buffer[]): BadCase => ({
  name,
  bytes,
  ends: 'stream',
  codes: allowed,
});

const either = (name: string, allowed: readonly number[], bytes: readonly Buffer[]): BadCase => ({
  name,
  bytes,
  ends: 'either',
  codes: allowed,
});

const cases: readonly BadCase[] = [
  connection('first frame is not SETTINGS', [code.protocol], frame(ping, 0, 0, Buffer.alloc(8))),
  connection('DATA on stream 0', [code.protocol], settings(), frame(data, 0, 0, Buffer.from('x'))),
  connection('DATA on an idle stream', [code.protocol], settings(), frame(data, 0, 1, uint32(1))),
  connection('HEADERS on stream 0', [code.protocol], settings(), headers(0, requestLines())),
  connection('HEADERS on an even stream', [code.protocol], settings(), headers(2, requestLines())),
  connection(
    'frame longer than allowed',
    [code.frameSize],
    settings(),
    post,
    frame(data, 0, 1, Buffer.alloc(16_385)),
  ),
  connection('SETTINGS of odd length', [code.frameSize], frame(4, 0, 0, Buffer.alloc(5))),
  connection(
    'SETTINGS acknowledged with payload',
    [code.frameSize],
    settings(),
    frame(4, frameFlag.ack, 0, Buffer.alloc(6)),
  ),
  connection('SETTINGS on a stream', [code.protocol], settings(), frame(4, 0, 1, Buffer.alloc(6))),
  connection('ENABLE_PUSH of 2', [code.protocol], settings([2, 2])),
  connection('window of 2^31', [code.flowControl], settings([4, 0x8000_0000])),
  connection('MAX_FRAME_SIZE of 100', [code.protocol], settings([5, 100])),
  connection('PING of 7 bytes', [code.frameSize], settings(), frame(ping, 0, 0, Buffer.alloc(7))),
  connection('PING on a stream', [code.protocol], settings(), frame(ping, 0, 1, Buffer.alloc(8))),
  connection(
    'WINDOW_UPDATE of 0',
    [code.protocol],
    settings(),
    frame(windowUpdate, 0, 0, uint32(0)),
  ),
  connection(
    'WINDOW_UPDATE of 3 bytes',
    [code.frameSize],
    settings(),
    frame(windowUpdate, 0, 0, Buffer.alloc(3)),
  ),
  connection(
    'window of the connection overflows',
    [code.flowControl],
    settings(),
    frame(windowUpdate, 0, 0, uint32(0x7fff_ffff)),
  ),
  connection(
    'RST_STREAM of an idle stream',
    [code.protocol],
    settings(),
    frame(reset, 0, 1, uint32(8)),
  ),
  connection('RST_STREAM on stream 0', [code.protocol], settings(), frame(reset, 0, 0, uint32(8))),
  connection(
    'RST_STREAM of 3 bytes',
    [code.frameSize],
    settings(),
    post,
    frame(reset, 0, 1, Buffer.alloc(3)),
  ),
  connection(
    'CONTINUATION without HEADERS',
    [code.protocol],
    settings(),
    frame(continuation, frameFlag.endHeaders, 1, block(requestLines())),
  ),
  connection(
    'another frame inside a header block',
    [code.protocol],
    settings(),
    frame(frameType.headers, 0, 1, block(requestLines())),
    frame(data, 0, 1, Buffer.from('x')),
  ),
  connection(
    'CONTINUATION of another stream',
    [code.protocol],
    settings(),
    frame(frameType.headers, 0, 1, block(requestLines())),
    frame(continuation, frameFlag.endHeaders, 3, Buffer.alloc(0)),
  ),
  connection(
    'flood of CONTINUATION',
    [code.protocol, code.calm, 2],
    settings(),
    frame(frameType.headers, 0, 1, block(requestLines())),
    ...many(2000, (at) => frame(continuation, 0, 1, block([[`x-${at}`, 'y'.repeat(100)]]))),
  ),
  connection(
    'PUSH_PROMISE by a client',
    [code.protocol],
    settings(),
    frame(pushPromise, 4, 1, uint32(2)),
  ),
  connection(
    'header block that is no HPACK',
    [code.compression],
    settings(),
    frame(frameType.headers, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
  ),
  connection(
    'padding longer than the frame',
    [code.protocol],
    settings(),
    post,
    frame(data, frameFlag.padded, 1, Buffer.from([200, 1, 2])),
  ),
  connection('GOAWAY on a stream', [code.protocol], settings(), frame(7, 0, 1, Buffer.alloc(8))),
  connection(
    'flood of SETTINGS',
    [code.calm, code.protocol, 2],
    ...many(30_000, () => settings([3, 100])),
  ),
  connection(
    'rapid reset',
    [code.calm, code.protocol, 2],
    settings(),
    ...many(3000, (at) =>
      Buffer.concat([headers(at * 2 + 1, requestLines()), frame(reset, 0, at * 2 + 1, uint32(8))]),
    ),
  ),
  either(
    'window of a stream overflows',
    [code.flowControl],
    [settings(), post, frame(windowUpdate, 0, 1, uint32(0x7fff_ffff))],
  ),
  either(
    'WINDOW_UPDATE of 0 on a stream',
    [code.protocol],
    [settings(), post, frame(windowUpdate, 0, 1, uint32(0))],
  ),
  either(
    'DATA behind the end',
    [code.streamClosed],
    [settings(), get, frame(data, 0, 1, Buffer.from('x'))],
  ),
  either('HEADERS behind the end', [code.streamClosed, code.protocol], [settings(), get, get]),
  either(
    'a stream that depends on itself',
    [code.protocol],
    [
      settings(),
      post,
      frame(priority, 0, 1, Buffer.concat([uint32(1), Buffer.from([1])])),
      frame(data, 0, 1, uint32(1)),
      headers(1, [['x', 'y']], 0),
    ],
  ),
  stream(
    'a name with upper-case letters',
    [code.protocol],
    malformed(requestLines(['X-Upper', 'a'])),
  ),
  stream('a connection header', [code.protocol], malformed(requestLines(['connection', 'close']))),
  stream(
    'transfer-encoding',
    [code.protocol],
    malformed(requestLines(['transfer-encoding', 'chunked'])),
  ),
  stream('te other than trailers', [code.protocol], malformed(requestLines(['te', 'gzip']))),
  stream('no :path', [code.protocol], malformed(without(':path'))),
  stream('no :method', [code.protocol], malformed(without(':method'))),
  stream('no authority', [code.protocol], malformed(without(':authority'))),
  stream('an empty :path', [code.protocol], malformed([...without(':path'), [':path', '']])),
  stream('two :path', [code.protocol], malformed(requestLines([':path', '/two']))),
  stream(
    'a pseudo header of responses',
    [code.protocol],
    malformed(requestLines([':status', '200'])),
  ),
  stream('an unknown pseudo header', [code.protocol], malformed(requestLines([':what', 'x']))),
  stream(
    'a pseudo header behind others',
    [code.protocol],
    malformed([['a', 'b'], ...requestLines()]),
  ),
  stream(
    'white space in :path',
    [code.protocol],
    malformed([...without(':path'), [':path', '/a b']]),
  ),
  stream(
    'a second request in :path',
    [code.protocol],
    malformed([...without(':path'), [':path', '/ HTTP/1.1\r\nhost: other']]),
  ),
  stream(
    'an authority with a space',
    [code.protocol],
    malformed([...without(':authority'), [':authority', 'a b']]),
  ),
  stream(
    'two content-lengths',
    [code.protocol],
    malformed(requestLines(['content-length', '1'], ['content-length', '2'])),
  ),
  stream(
    'less body than content-length',
    [code.protocol],
    [
      settings(),
      headers(1, [[':method', 'POST'], ...requestLines(['content-length', '5']).slice(1)], 0),
      frame(data, frameFlag.endStream, 1, Buffer.from('abc')),
    ],
  ),
  either(
    'more body than content-length',
    [code.protocol, 2],
    [
      settings(),
      headers(1, [[':method', 'POST'], ...requestLines(['content-length', '1']).slice(1)], 0),
      frame(data, frameFlag.endStream, 1, Buffer.from('abc')),
    ],
  ),
  stream(
    'trailers with a pseudo header',
    [code.protocol],
    [settings(), post, headers(1, [[':path', '/x']])],
  ),
  stream(
    'trailers that do not end the stream',
    [code.protocol],
    [settings(), post, headers(1, [['x', 'y']], 0)],
  ),
  stream(
    'more headers than allowed',
    [code.calm],
    malformed(requestLines(...Array.from({ length: 200 }, (_, at) => [`x-${at}`, 'v'] as const))),
  ),
];

/** Names of headers that reached the server, request by request. */
const seen: string[][] = [];
let upstream: Upstream;
let proxy: RunningProxy;

before(async () => {
  upstream = await httpUpstream((request, response) => {
    seen.push(Object.keys(request.headers));
    request.resume();
    response.end('u');
  });
  proxy = await runProxy({
    clusters: [clusterJson('u', [upstream.port])],
    routes: [routeTo('u')],
    manager: { http2ProtocolOptions: { maxConcurrentStreams: 10 } },
  });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const isGoaway = ({ type }: ReceivedFrame): boolean => type === frameType.goaway;
const isReset = ({ type }: ReceivedFrame): boolean => type === frameType.reset;
const codeOf = (found: ReceivedFrame): number =>
  found.payload.readUInt32BE(found.type === frameType.goaway ? 4 : 0);

/** A good request on a connection of its own is answered. */
const stillServes = async (): Promise<void> => {
  const client = new FrameClient(proxy.port);
  client.send(preface, settings(), get);
  const answer = await client.next(
    ({ type, stream: id }) => type === frameType.headers && id === 1,
  );
  client.destroy();
  assert.ok(answer);
};

for (const { name, bytes, ends, codes } of cases) {
  test(`HTTP/2: ${name} ends the ${ends}`, { timeout: 60_000 }, async () => {
    const client = new FrameClient(proxy.port);
    client.send(preface, ...bytes);
    const wanted = {
      connection: isGoaway,
      stream: isReset,
      either: (one: ReceivedFrame) => isGoaway(one) || isReset(one),
    }[ends];
    const found = await client.next(wanted);
    client.destroy();
    // A flood may be cut off before the last word gets through.
    if (found === undefined) assert.equal(ends, 'connection', 'closed without a word');
    else assert.ok(codes.includes(codeOf(found)), `code ${codeOf(found)}`);
    await stillServes();
  });
}

test('HTTP/2: a preface that goes wrong closes the connection', { timeout: 60_000 }, async () => {
  const client = new FrameClient(proxy.port);
  client.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'), settings(), get);
  const answer = await client.next(({ type }) => type === frameType.headers);
  client.destroy();
  assert.equal(answer, undefined);
  await stillServes();
});

test('HTTP/2: a preface byte by byte is understood', { timeout: 60_000 }, async () => {
  const client = new FrameClient(proxy.port);
  for (const byte of preface) {
    client.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.send(settings(), get);
  assert.ok(await client.next(({ type }) => type === frameType.headers));
  client.destroy();
});

test('HTTP/2: values with line feeds never reach HTTP/1.1', { timeout: 60_000 }, async () => {
  const client = new FrameClient(proxy.port);
  client.send(preface, settings(), headers(1, requestLines(['a', 'b\r\nsmuggled: yes'])));
  await client.next(({ type }) => type === frameType.headers || type === frameType.reset);
  client.destroy();
  assert.ok(seen.every((names) => !names.includes('smuggled')));
});

test('HTTP/2: streams above the limit are refused', { timeout: 60_000 }, async () => {
  const client = new FrameClient(proxy.port);
  const lines = [[':method', 'POST'], ...requestLines().slice(1)] as const;
  client.send(preface, settings(), ...many(20, (at) => headers(at * 2 + 1, lines, 0)));
  const refused = await client.next(isReset);
  client.destroy();
  assert.ok(refused);
  assert.equal(codeOf(refused), code.refused);
  await stillServes();
});
