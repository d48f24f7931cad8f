import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Forwarder } from './forwarder.ts';
import { isPortFree } from './tcp-listener.ts';

const host = '127.0.0.1';

/** Where nobody else listens: a port that was free there a moment ago still is. */
const quietHost = '127.0.0.2';
/** Nobody serves tcpmux. */
const dead = 1;

const serve = async (onConnection: (socket: Socket) => void, at = host) => {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(0, at);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
};

const freeAddress = async () => {
  const { server, port } = await serve(() => undefined, quietHost);
  await new Promise((resolve) => server.close(resolve));
  return { host: quietHost, port };
};

const ask = async (
  address: { readonly host: string; readonly port: number },
  text: string,
): Promise<string> => {
  const socket = connect({ ...address, allowHalfOpen: true });
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
};

test('a client that has ended its side still gets the whole answer', async () => {
  const size = 3_000_000;
  const { server, port } = await serve((socket) => {
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.on('end', () => socket.end(`${received} ${'x'.repeat(size)}`));
  });
  const listen = await freeAddress();
  const forwarder = await Forwarder.open(listen, () => ({ host, port }));
  const answer = await ask(listen, 'y'.repeat(size));
  assert.equal(answer.length, `${size} `.length + size);
  forwarder.close();
  server.close();
});

test('goes on to the next destination when one refuses', async () => {
  const { server, port } = await serve((socket) => socket.end('live'));
  const order = [dead, port];
  const listen = await freeAddress();
  const forwarder = await Forwarder.open(listen, () => ({ host, port: order.shift() ?? dead }));
  assert.equal(await ask(listen, ''), 'live');
  forwarder.close();
  server.close();
});

test('without a destination the client is reset, and close frees the address', async () => {
  const listen = await freeAddress();
  const forwarder = await Forwarder.open(listen, () => undefined);
  await assert.rejects(ask(listen, 'x'), { code: 'ECONNRESET' });
  forwarder.close();
  assert.equal(await isPortFree(listen.host, listen.port), true);
});

test('waits a moment for a destination that is about to listen', async () => {
  const listen = await freeAddress();
  // At another address: it may have the same number.
  const late = { host: '127.0.0.3', port: listen.port };
  const forwarder = await Forwarder.open(listen, () => late);
  const answer = ask(listen, '');
  await assert.rejects(ask(late, ''), { code: 'ECONNREFUSED' });
  const server = createServer((socket) => socket.end('late')).listen(late.port, late.host);
  assert.equal(await answer, 'late');
  forwarder.close();
  server.close();
});
