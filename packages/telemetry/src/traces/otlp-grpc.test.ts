import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import * as grpc from '@grpc/grpc-js';
import fc from 'fast-check';
import { startUnaryServer, type UnaryServer } from './grpc-unary-server.ts';
import { exportTraces, exportTracesPath } from './otlp-grpc.ts';
import type { ReceivedSpan } from './received-span.ts';

fc.configureGlobal({ seed: 20_261_121 });

const traceId = '0af7651916cd43dd8448eb211c80319c';

/** `ExportTraceServiceRequest` with spans of these ids. */
const requestOf = (spanIds: readonly string[], name = 'GET /'): Buffer => {
  const spans = new BinaryWriter();
  for (const id of spanIds) {
    const span = new BinaryWriter().tag(1, 2).bytes(Buffer.from(traceId, 'hex'));
    span.tag(2, 2).bytes(Buffer.from(id, 'hex')).tag(5, 2).string(name);
    spans.tag(2, 2).bytes(span.finish());
  }
  const resource = new BinaryWriter().tag(2, 2).bytes(spans.finish()).finish();
  return Buffer.from(new BinaryWriter().tag(1, 2).bytes(resource).finish());
};

interface Receiving {
  readonly server: UnaryServer;
  readonly taken: readonly ReceivedSpan[];
  /** Status of a call, and the bytes of its answer. */
  call(
    message: Buffer,
    options?: { readonly path?: string; readonly gzip?: boolean },
  ): Promise<{ readonly code: number; readonly answer: string | undefined }>;
}

const receiving = async (t: TestContext): Promise<Receiving> => {
  const taken: ReceivedSpan[] = [];
  const server = await startUnaryServer(
    { host: '127.0.0.1', port: 0 },
    new Map([[exportTracesPath, exportTraces((span) => taken.push(span))]]),
  );
  const made: grpc.Client[] = [];
  t.after(async () => {
    for (const client of made) client.close();
    await server.close();
  });
  const clientOf = (gzip: boolean): grpc.Client => {
    const algorithm = gzip ? grpc.compressionAlgorithms.gzip : grpc.compressionAlgorithms.identity;
    const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure(), {
      'grpc.default_compression_algorithm': algorithm,
      'grpc.max_send_message_length': -1,
    });
    made.push(client);
    return client;
  };
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    server,
    taken,
    call: (message, { path = exportTracesPath, gzip = false } = {}) =>
      new Promise((resolve) => {
        clientOf(gzip).makeUnaryRequest(path, same, same, message, (error, answer) =>
          resolve({ code: error?.code ?? 0, answer: answer?.toString('hex') }),
        );
      }),
  };
};

test('spans by OTLP over gRPC, zipped too, as a stock client sends them', async (t) => {
  const { call, taken } = await receiving(t);
  assert.deepEqual(await call(requestOf(['b7ad6b7169203331'])), { code: 0, answer: '' });
  assert.deepEqual(await call(requestOf(['b7ad6b7169203332']), { gzip: true }), {
    code: 0,
    answer: '',
  });
  assert.deepEqual(
    taken.map(({ spanId, name }) => `${spanId} ${name}`),
    ['b7ad6b7169203331 GET /', 'b7ad6b7169203332 GET /'],
  );
});

test('spans that cannot be used are told (partial_success), the others are taken', async (t) => {
  const { call, taken } = await receiving(t);
  const { code, answer } = await call(requestOf(['b7ad6b7169203331', '0000000000000000']));
  assert.equal(code, 0);
  assert.match(answer ?? '', /^0a..0801/);
  assert.equal(taken.length, 1);
});

test('what cannot be read, is too large or not known has the status for it', async (t) => {
  const { call, taken } = await receiving(t);
  const { INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED } = grpc.status;
  assert.equal((await call(Buffer.from('nonsense'))).code, INVALID_ARGUMENT);
  const large = requestOf(['b7ad6b7169203331'], 'x'.repeat(9 * 1024 * 1024));
  assert.equal((await call(large)).code, RESOURCE_EXHAUSTED);
  // Small on the way, large when unzipped.
  assert.equal((await call(large, { gzip: true })).code, INVALID_ARGUMENT);
  assert.equal((await call(Buffer.alloc(0), { path: '/other.Service/Call' })).code, UNIMPLEMENTED);
  assert.equal(taken.length, 0);
  assert.equal((await call(requestOf(['b7ad6b7169203331']))).code, 0);
});

test('bytes that are no HTTP/2 end their connection and nothing else', async (t) => {
  const { call, server } = await receiving(t);
  const sockets = [
    'GET / HTTP/1.1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff',
  ].map((text) => net.connect(server.port, '127.0.0.1').end(text, 'latin1').resume());
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    if (!socket.destroyed) await once(socket, 'close');
  }
  assert.equal((await call(requestOf(['b7ad6b7169203331']))).code, 0);
});

test('whatever the body is, the answer is a status', async (t) => {
  const { server, call } = await receiving(t);
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  t.after(() => session.close());
  const statusOf = async (body: Uint8Array, encoding: string): Promise<string> => {
    const stream = session.request({
      ':method': 'POST',
      ':path': exportTracesPath,
      'content-type': 'application/grpc',
      'grpc-encoding': encoding,
    });
    let status = '';
    const note = (headers: http2.IncomingHttpHeaders): void => {
      status ||= String(headers['grpc-status'] ?? '');
    };
    stream.on('response', note).on('trailers', note).resume().end(body);
    await once(stream, 'close');
    return status;
  };
  const framed = (flag: number, message: Uint8Array): Buffer => {
    const head = Buffer.from([flag, 0, 0, 0, 0]);
    head.writeUInt32BE(message.length, 1);
    return Buffer.concat([head, message]);
  };
  const spans = requestOf(['b7ad6b7169203331']);
  const cut = fc.nat(spans.length).map((length) => spans.subarray(0, length));
  const message = fc.oneof(fc.uint8Array({ maxLength: 64 }), cut);
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 32 }),
    fc.tuple(fc.integer({ min: 0, max: 255 }), message).map(([flag, bytes]) => framed(flag, bytes)),
  );
  const encoding = fc.constantFrom('identity', 'gzip', 'zstd');
  await fc.assert(
    fc.asyncProperty(body, encoding, async (bytes, name) => {
      assert.match(await statusOf(bytes, name), /^(0|3)$/);
    }),
  );
  assert.equal((await call(spans)).code, 0);
});

test('a taken port is followed by a free one', async (t) => {
  const { server } = await receiving(t);
  const next = await startUnaryServer({ host: '127.0.0.1', port: server.port }, new Map());
  t.after(() => next.close());
  assert.ok(next.port > server.port);
});
