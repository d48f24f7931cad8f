import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { closeListener, holdFreePort, isPortFree, listenTcp } from './tcp-listener.ts';

/** Of loopback and nobody else's: other runs of this test hold and let go too. */
const host = `127.77.${(process.pid >> 8) & 255}.${process.pid & 255}`;
const first = 17_843;

test('a held port is passed over by others, and is free when it was let go', async () => {
  const held = await holdFreePort(host, first, 100);
  assert.ok(held);
  const next = await holdFreePort(host, held.port, 100);
  assert.ok(next && next.port > held.port);
  next.release();
  held.release();
  await closeListener(await listenTcp({ host, port: held.port }, (socket) => socket.destroy()));
});

test('a held port is handed over without a moment in which it is free', async () => {
  const held = await holdFreePort(host, first, 100);
  assert.ok(held);
  const { port } = held;
  const server = createServer((_, response) => response.end('mine'));
  server.listen(held.listener);
  assert.equal(await isPortFree(host, port), false);
  if (!server.listening) await once(server, 'listening');
  assert.equal(await (await fetch(`http://${host}:${port}`)).text(), 'mine');
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  // Whoever held it may still let go of it.
  held.release();
  assert.equal(await isPortFree(host, port), true);
});
