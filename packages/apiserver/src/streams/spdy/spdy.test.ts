import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createNoise } from '../../testing/noise.ts';
import {
  controlFrame,
  controlTypes,
  dataFrame,
  type Frame,
  FrameError,
  FrameParser,
  finFlag,
  maxFrameBytes,
  numbers,
} from './frame.ts';
import { formatHeaders, HeaderCompression, parseHeaders } from './header-block.ts';
import { SpdySession } from './spdy-session.ts';
import type { SpdyStream } from './spdy-stream.ts';

const noise = createNoise(20_261_121);

test('frames come out whole, however the bytes are cut', () => {
  const bytes = Buffer.concat([
    dataFrame(1, Buffer.from('hello'), false),
    controlFrame(controlTypes.ping, 0, numbers(7)),
    dataFrame(3, Buffer.alloc(0), true),
  ]);
  for (let cut = 1; cut <= bytes.length; cut++) {
    const parser = new FrameParser();
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length; at += cut)
      frames.push(...parser.push(bytes.subarray(at, at + cut)));
    assert.equal(frames.length, 3, `cut every ${cut} bytes`);
    assert.deepEqual(frames[0], {
      type: 'data',
      streamId: 1,
      fin: false,
      data: Buffer.from('hello'),
    });
    assert.ok(frames[1]?.type === 'control' && frames[1].payload.equals(numbers(7)));
    assert.ok(frames[2]?.type === 'data' && frames[2].fin);
  }
});

test('random bytes are frames or a FrameError, never anything else', () => {
  for (let round = 0; round < 2_000; round++) {
    const parser = new FrameParser();
    try {
      for (let piece = 0; piece < 4; piece++) parser.push(noise(1 + (round % 40)));
    } catch (error) {
      assert.ok(error instanceof FrameError);
    }
  }
});

test('a frame above the bound is refused before it is read', () => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(1, 0);
  head.writeUInt32BE(maxFrameBytes + 1, 4);
  assert.throws(() => new FrameParser().push(head), FrameError);
});

test('header blocks: round trip, and random bytes are a FrameError', () => {
  const headers = { streamtype: 'data', port: '9080', requestid: '1' };
  assert.deepEqual(parseHeaders(formatHeaders(headers)), headers);
  for (let round = 0; round < 2_000; round++)
    try {
      parseHeaders(noise(round % 64));
    } catch (error) {
      assert.ok(error instanceof FrameError);
    }
});

test('a header block that inflates beyond its bound is refused', async () => {
  const [sender, receiver] = [new HeaderCompression(), new HeaderCompression()];
  const bomb = await sender.compress({ x: 'a'.repeat(10_000_000) });
  assert.ok(bomb.length < 20_000);
  await assert.rejects(receiver.decompress(bomb), FrameError);
  sender.close();
  receiver.close();
});

/** A client's end, as kubectl writes it. */
const connect = () => {
  const [client, server] = duplexPair();
  const streams: SpdyStream[] = [];
  const session = new SpdySession({
    transport: server,
    onStream: (stream) => streams.push(stream),
  });
  const compression = new HeaderCompression();
  const parser = new FrameParser();
  const frames: Frame[] = [];
  client.on('data', (chunk: Buffer) => frames.push(...parser.push(chunk)));
  /** Resolves once a frame that `matches` was received. */
  const receive = async (matches: (frame: Frame) => boolean): Promise<Frame> => {
    for (;;) {
      const found = frames.find(matches);
      if (found !== undefined) return found;
      await once(client, 'data');
    }
  };
  const open = async (id: number, headers: Record<string, string>, flags = 0) => {
    const block = await compression.compress(headers);
    const head = Buffer.alloc(10);
    head.writeUInt32BE(id, 0);
    client.write(controlFrame(controlTypes.synStream, flags, Buffer.concat([head, block])));
    await receive((frame) => isControl(frame, controlTypes.synReply, id));
    const stream = streams.find((one) => one.id === id);
    assert.ok(stream);
    return stream;
  };
  return { client, session, receive, open, frames };
};

const isControl = (frame: Frame, type: number, id: number): boolean =>
  frame.type === 'control' && frame.controlType === type && frame.payload.readUInt32BE(0) === id;

test('streams open with their headers and carry bytes both ways with half-close', async () => {
  const { client, session, open, receive } = connect();
  const stream = await open(1, { StreamType: 'data', Port: '80' });
  assert.deepEqual({ ...stream.headers }, { streamtype: 'data', port: '80' });
  client.write(dataFrame(1, Buffer.from('question'), true));
  assert.equal(await text(stream), 'question');
  stream.end('answer');
  const answer = await receive((frame) => frame.type === 'data' && frame.data.length > 0);
  assert.ok(answer.type === 'data' && answer.data.toString() === 'answer');
  await receive((frame) => frame.type === 'data' && frame.fin);
  client.destroy();
  session.destroy();
  await session.closed;
});

test('a stream that was opened half-closed has no input', async () => {
  const { session, open } = connect();
  const stream = await open(1, { streamtype: 'error' }, finFlag);
  assert.equal(await text(stream), '');
  session.destroy();
});

test('pings are answered; a reset ends one stream and not the other', async () => {
  const { client, session, open, receive } = connect();
  const [first, second] = [await open(1, {}), await open(3, {})];
  client.write(controlFrame(controlTypes.ping, 0, numbers(5)));
  await receive((frame) => isControl(frame, controlTypes.ping, 5));
  const closed = once(first, 'close');
  client.write(controlFrame(controlTypes.rstStream, 0, numbers(1, 5)));
  await closed;
  assert.equal(second.destroyed, false);
  second.destroy();
  await receive((frame) => isControl(frame, controlTypes.rstStream, 3));
  session.destroy();
});

test('a connection that breaks ends every stream', async () => {
  const { client, session, open } = connect();
  const stream = await open(1, {});
  const closed = once(stream, 'close');
  client.destroy();
  session.destroy();
  await closed;
  await session.closed;
});

test('garbage ends the connection and nothing else', async () => {
  for (let round = 0; round < 50; round++) {
    const { client, session } = connect();
    client.write(controlFrame(controlTypes.synStream, 0, noise(round)));
    client.write(noise(64));
    client.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    client.end();
    await session.closed;
  }
});

test('a reader that is behind stops the sender, and lets it go on', async () => {
  const { client, session, open } = connect();
  const stream = await open(1, {});
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const total = 64;
  let written = 0;
  const writing = (async () => {
    for (; written < total; written++)
      if (!client.write(dataFrame(1, chunk, written === total - 1))) await once(client, 'drain');
  })();
  while (!client.writableNeedDrain) await new Promise(setImmediate);
  assert.ok(written < total, 'the sender was stopped');
  assert.equal((await text(stream)).length, total * chunk.length);
  await writing;
  session.destroy();
});
