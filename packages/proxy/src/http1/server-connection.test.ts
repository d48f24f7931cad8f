import assert from 'node:assert/strict';
import type net from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ServerConnection,
  type ServerConnectionHost,
  type ServerExchange,
} from './server-connection.ts';

fc.configureGlobal({ seed: 20_261_121 });

/** What a connection made of its bytes: one entry for each request, or for the refusal. */
interface Seen {
  readonly requests: string[];
}

const drive = (pieces: readonly Buffer[]): Seen => {
  const seen: Seen = { requests: [] };
  const socket = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done();
    },
  });
  Object.assign(socket, {
    remoteAddress: '127.0.0.1',
    remotePort: 1,
    localAddress: '127.0.0.1',
    localPort: 2,
  });
  const host: ServerConnectionHost = {
    maxHeadBytes: 2000,
    maxHeaders: 20,
    delayedCloseMs: 1,
    keepsTrailers: true,
    allowsChunkedLength: false,
    nowMs: () => 0,
    connectionClosed: () => undefined,
    refuse: (_connection, { status }) => {
      seen.requests.push(`refused ${status}`);
    },
    createExchange: (connection): ServerExchange => {
      let body = '';
      const finish = (): void => {
        seen.requests.push(`${connection.request.text}|${body}`);
        connection.exchangeDone();
      };
      return {
        begin: (hasBody) => {
          if (!hasBody) finish();
        },
        requestBody: (bytes, start, end) => {
          body += bytes.toString('latin1', start, end);
          return true;
        },
        requestEnd: finish,
        requestFlush: () => undefined,
        tunnelBytes: () => true,
        tunnelEnd: () => undefined,
        downstreamDrained: () => undefined,
        downstreamClosed: () => undefined,
        requestMalformed: () => {
          seen.requests.push('malformed body');
          connection.close();
        },
      };
    },
  };
  const connection = new ServerConnection(socket as unknown as net.Socket, host, false);
  for (const piece of pieces) connection.receive(piece);
  socket.destroy();
  return seen;
};

const split = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [...new Set(cuts.map((cut) => cut % Math.max(1, bytes.length)))].sort(
    (a, b) => a - b,
  );
  const pieces: Buffer[] = [];
  let from = 0;
  for (const place of [...places, bytes.length]) {
    if (place > from) pieces.push(Buffer.from(bytes.subarray(from, place)));
    from = Math.max(from, place);
  }
  return pieces;
};

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const post = 'POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\n';
const message = fc.constantFrom(
  get,
  post,
  chunked,
  `\r\n${get}`,
  'GET / HTTP/1.1\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  `GET /${'a'.repeat(2100)} HTTP/1.1\r\nHost: x\r\n\r\n`,
);

test('takes pipelined requests one after the other', () => {
  assert.deepEqual(drive([Buffer.from(get + post + chunked + get)]).requests, [
    'GET /a HTTP/1.1\r\nHost: x\r\n|',
    'POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n|hello',
    'POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n|3\r\nabc\r\n0\r\nT: u\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: x\r\n|',
  ]);
});

test('a refused request ends the connection: what follows is not read', () => {
  assert.deepEqual(drive([Buffer.from(`GET / HTTP/1.1\r\nA : b\r\n\r\n${get}`)]).requests, [
    'refused 400',
  ]);
});

test('heads over the limit are refused with 431, whole or not', () => {
  const long = `GET /${'a'.repeat(2100)} HTTP/1.1\r\nHost: x\r\n\r\n`;
  assert.deepEqual(drive([Buffer.from(long)]).requests, ['refused 431']);
  assert.deepEqual(drive([Buffer.from(long.slice(0, 2050))]).requests, ['refused 431']);
});

test('property: any split of the stream is understood as the whole', () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(5000), { maxLength: 12 }),
      (messages, cuts) => {
        const bytes = Buffer.from(messages.join(''), 'latin1');
        assert.deepEqual(drive(split(bytes, cuts)).requests, drive([Buffer.from(bytes)]).requests);
      },
    ),
    { numRuns: 300 },
  );
});

test('property: random bytes never throw', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 4 }), fc.boolean(), (pieces, prefix) => {
      const bytes = Buffer.concat([
        prefix ? Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n') : Buffer.alloc(0),
        ...pieces,
      ]);
      drive([bytes]);
    }),
    { numRuns: 500 },
  );
});
