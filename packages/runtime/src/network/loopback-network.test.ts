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

test('app ports are free, and nobody is given one that another may still take', async () => {
  const { network } = await claimLoopbackNetwork({ seed: 'ports' });
  // More than are for one cluster first.
  const ports = await Promise.all(Array.from({ length: 60 }, () => network.claimAppPort()));
  assert.equal(new Set(ports).size, ports.length);
  for (const port of ports) assert.equal(await isPortFree('127.0.0.1', port), true);
  const [first = 0] = ports;
  network.releaseAppPort(first);
  assert.equal(await network.claimAppPort(), first);
  await network.close();
});

test('clusters side by side have app ports of their own', async () => {
  const [one, two] = [
    await claimLoopbackNetwork({ seed: 'side by side' }),
    await claimLoopbackNetwork({ seed: 'side by side' }),
  ];
  const claim = ({ network }: typeof one): Promise<number[]> =>
    Promise.all(Array.from({ length: 39 }, () => network.claimAppPort()));
  const ports = [...(await claim(one)), ...(await claim(two))];
  assert.equal(new Set(ports).size, ports.length);
  await one.network.close();
  await two.network.close();
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
