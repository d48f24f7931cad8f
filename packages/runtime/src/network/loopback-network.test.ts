import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressPool } from './address-pool.ts';
import { claimLoopbackNetwork } from './loopback-network.ts';
import { isPortFree } from './tcp-listener.ts';

test('two clusters never share a block, and a block comes back after close', async () => {
  const first = await claimLoopbackNetwork({ seed: 'same' });
  const second = await claimLoopbackNetwork({ seed: 'same' });
  assert.notEqual(first.network.cidr, second.network.cidr);
  await assert.rejects(claimLoopbackNetwork({ seed: 'x', block: first.block }), {
    code: 'network-taken',
  });
  await first.network.close();
  const again = await claimLoopbackNetwork({ seed: 'x', block: first.block });
  assert.equal(again.network.cidr, first.network.cidr);
  await again.network.close();
  await second.network.close();
});

test('app ports are free and differ', async () => {
  const { network } = await claimLoopbackNetwork({ seed: 'ports' });
  const ports = [await network.claimAppPort(), await network.claimAppPort()];
  assert.notEqual(ports[0], ports[1]);
  for (const port of ports) assert.equal(await isPortFree('127.0.0.1', port), true);
  await network.close();
});

test('addresses: kept by owner, preferred if free, not reused at once, bounded', () => {
  const pool = new AddressPool({ first: '127.9.0.254', last: '127.9.1.1' });
  assert.equal(pool.claim('a'), '127.9.0.254');
  assert.equal(pool.claim('a'), '127.9.0.254');
  assert.equal(pool.claim('b', '127.9.1.1'), '127.9.1.1');
  assert.equal(pool.claim('c', '127.9.1.1'), '127.9.0.255');
  pool.release('a');
  assert.equal(pool.claim('d', '127.8.0.1'), '127.9.1.0');
  assert.equal(pool.claim('e'), '127.9.0.254');
  assert.equal(pool.claim('f'), undefined);
});
