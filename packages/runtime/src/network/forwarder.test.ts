import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Forwarder } from './forwarder.ts';
import { isPortFree } from './tcp-listener.ts';

const host = '127.0.0.1';

const serve = async (onConnection: (socket: Socket) => void) => {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(0, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
};

const freePort = async (): Promise<number> => {
  const { server, port } = await serve(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const ask = async (port: number, text: string): Promise<string> => {
  const socket = connect({ port, host, allowHalfOpen: true });
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
  const listen = { host, port: await freePort() };
  const forwarder = await Forwarder.open(listen, () => ({ host, port }));
  const answer = await ask(listen.port, 'y'.repeat(size));
  assert.equal(answer.length, `${size} `.length + size);
  forwarder.close();
  server.close();
});

test('goes on to the next destination when one refuses', async () => {
  const { server, port } = await serve((socket) => socket.end('live'));
  const dead = await freePort();
  const order = [dead, port];
  const listen = { host, port: await freePort() };
  const forwarder = await Forwarder.open(listen, () => ({ host, port: order.shift() ?? dead }));
  assert.equal(await ask(listen.port, ''), 'live');
  forwarder.close();
  server.close();
});

test('without a destination the client is reset, and close frees the address', async () => {
  const listen = { host, port: await freePort() };
  const forwarder = await Forwarder.open(listen, () => undefined);
  await assert.rejects(ask(listen.port, 'x'), { code: 'ECONNRESET' });
  forwarder.close();
  assert.equal(await isPortFree(host, listen.port), true);
});

test('waits a moment for a destination that is about to listen', async () => {
  const listen = { host, port: await freePort() };
  const port = await freePort();
  const forwarder = await Forwarder.open(listen, () => ({ host, port }));
  const answer = ask(listen.port, '');
  await assert.rejects(ask(port, ''), { code: 'ECONNREFUSED' });
  const server = createServer((socket) => socket.end('late')).listen(port, host);
  assert.equal(await answer, 'late');
  forwarder.close();
  server.close();
});
