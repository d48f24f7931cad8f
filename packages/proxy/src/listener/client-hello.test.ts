import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import fc from 'fast-check';
import { type ClientHello, parseClientHello, wantedHelloBytes } from './client-hello.ts';
import { type Inspection, inspect } from './inspection.ts';

fc.configureGlobal({ seed: 20_261_121 });

/** The first bytes a TLS library really sends. */
const captureHello = async (servername: string, alpn: readonly string[]): Promise<Buffer> => {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = tls.connect({
    port,
    host: '127.0.0.1',
    ...(servername !== '' && { servername }),
    ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
  });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
};

const istio = ['istio-peer-exchange', 'istio'];
const hello = await captureHello('outbound_.9080_.v1_.reviews.default.svc.cluster.local', istio);
const plain = await captureHello('', []);

/** The same handshake message cut into records of these sizes. */
const fragment = (bytes: Buffer, size: number): Buffer => {
  const message = bytes.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    const head = Buffer.from([22, 3, 1, 0, 0]);
    head.writeUInt16BE(part.length, 3);
    records.push(head, part);
  }
  return Buffer.concat(records);
};

const isHello = (value: ReturnType<typeof parseClientHello>): value is ClientHello =>
  typeof value === 'object';

test('reads what a library sends', () => {
  assert.deepEqual(parseClientHello(hello), {
    serverName: 'outbound_.9080_.v1_.reviews.default.svc.cluster.local',
    alpn: istio,
  });
  assert.deepEqual(parseClientHello(plain), { serverName: '', alpn: [] });
});

test('every part of a hello is incomplete and never something else; fragments say the same', () => {
  for (const whole of [hello, plain]) {
    for (let length = 0; length < whole.length; length++) {
      const part = whole.subarray(0, length);
      assert.equal(parseClientHello(part), 'incomplete');
      const wanted = wantedHelloBytes(part);
      assert.ok(wanted > length && wanted <= whole.length + 5, `${length} ${wanted}`);
    }
    for (const size of [1, 3, 100]) {
      assert.deepEqual(parseClientHello(fragment(whole, size)), parseClientHello(whole));
    }
  }
});

test('damaged hellos and noise are read to an end, and wanting more always wants more', () => {
  const damaged = fc
    .array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(hello);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  const noise = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  const tlsNoise = noise.map((bytes) => Buffer.concat([Buffer.from([22, 3, 1]), bytes]));
  fc.assert(
    fc.property(fc.oneof(damaged, noise, tlsNoise), (bytes) => {
      const result = parseClientHello(bytes);
      if (result === 'incomplete') assert.ok(wantedHelloBytes(bytes) > bytes.length);
      if (isHello(result)) {
        const size = result.alpn.reduce((sum, name) => sum + name.length, result.serverName.length);
        assert.ok(size <= bytes.length);
      }
    }),
    { numRuns: 5000 },
  );
});

/** What the inspector makes of bytes that come in these pieces. */
const inspected = async (pieces: readonly Buffer[]): Promise<Inspection> => {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.setNoDelay(true);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const result = new Promise<Inspection>((done) => {
    inspect(socket, { timeoutMs: 0, continueOnTimeout: false, done });
  });
  for (const piece of pieces) {
    await new Promise<void>((written) => client.write(piece, () => written()));
    await new Promise<void>((turn) => setImmediate(turn));
  }
  const found = await result;
  client.destroy();
  socket.destroy();
  server.close();
  return found;
};

test('pieces of any size give the same inspection, and all bytes are kept', async () => {
  for (const size of [1, 7, 200, hello.length]) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < hello.length; at += size) pieces.push(hello.subarray(at, at + size));
    const found = await inspected(pieces);
    assert.equal(found.transportProtocol, 'tls');
    assert.deepEqual(found.applicationProtocols, istio);
    assert.deepEqual(Buffer.from(found.bytes), Buffer.from(hello.subarray(0, found.bytes.length)));
    assert.equal(found.bytes.length, hello.length);
  }
});

test('a hello that is not complete in 16 KiB is taken for no TLS', async () => {
  const message = Buffer.alloc(3000);
  message.set([1, 0, 0x3e, 0x80]);
  const record = Buffer.concat([Buffer.from([22, 3, 1, 0x0b, 0xb8]), message]);
  const found = await inspected([fragment(record, 1)]);
  assert.equal(found.transportProtocol, 'raw_buffer');
});
