/** Starting, stopping, crashing and coming back. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing, startMesh, until } from './mesh.ts';
import { processesOf, supervisorOf } from './processes.ts';

const options = { skip: missing, timeout: 180_000 };

const configMap = (name: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { name } });

test(
  'down leaves no process behind, and a second up comes back with everything',
  options,
  async (t) => {
    const stateDir = mkdtempSync(join(tmpdir(), 'lateen-e2e-'));
    t.after(() => rmSync(stateDir, { recursive: true, force: true }));
    const first = await startMesh({ stateDir });
    await first.kubectl('apply -f -', configMap('kept'));
    await first.down();
    assert.deepEqual(processesOf(stateDir), []);
    const second = await startMesh({ stateDir });
    assert.match(await second.kubectl('get configmap kept -o yaml'), /name: kept/);
    await second.down();
    assert.deepEqual(processesOf(stateDir), []);
  },
);

test('a killed supervisor takes every process with it', options, async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-e2e-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  await startMesh({ stateDir });
  assert.ok(processesOf(stateDir).length >= 4);
  process.kill(supervisorOf(stateDir), 'SIGKILL');
  await until('no process left', async () =>
    processesOf(stateDir).length === 0 ? true : undefined,
  );
});

test('every acknowledged object survives kill -9 at twenty points', {
  ...options,
  timeout: 600_000,
}, async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-e2e-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  const rounds = 20;
  const applies = 200;
  const acknowledged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const mesh = await startMesh({ stateDir });
    const names = (
      await mesh.kubectl('get configmaps -o jsonpath={.items[*].metadata.name}')
    ).split(' ');
    assert.deepEqual(
      acknowledged.filter((name) => !names.includes(name)),
      [],
    );
    // Ten objects a command: kubectl prints a line for each one the server acknowledged.
    // Every batch once, in no order, and each at another moment of it.
    const killAfter = (round * 7) % (applies / 10);
    for (let batch = 0; batch < applies / 10; batch += 1) {
      const ids = Array.from({ length: 10 }, (_, index) => `r${round}-b${batch}-${index}`);
      const list = `{"apiVersion":"v1","kind":"List","items":[${ids.map(configMap).join(',')}]}`;
      const applying = mesh.tryKubectl(['apply', '--validate=false', '-f', '-'], list);
      if (batch === killAfter) {
        await new Promise((later) => setTimeout(later, (round * 111) % 300));
        process.kill(supervisorOf(stateDir), 'SIGKILL');
      }
      const { stdout } = await applying;
      acknowledged.push(
        ...[...stdout.matchAll(/configmap\/(\S+) created/g)].map(([, name = '']) => name),
      );
      if (batch === killAfter) break;
    }
    await until('all processes to end', async () =>
      processesOf(stateDir).length === 0 ? true : undefined,
    );
  }
  const mesh = await startMesh({ stateDir });
  const names = (await mesh.kubectl('get configmaps -o jsonpath={.items[*].metadata.name}')).split(
    ' ',
  );
  assert.deepEqual(
    acknowledged.filter((name) => !names.includes(name)),
    [],
  );
  t.diagnostic(`${acknowledged.length} acknowledged objects after ${rounds} kills`);
  await mesh.down();
});

test('a port that is taken is passed over, and said', options, async (t) => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => holder.once('listening', listening));
  const { port } = holder.address() as net.AddressInfo;
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-e2e-'));
  t.after(() => {
    holder.close();
    rmSync(stateDir, { recursive: true, force: true });
  });
  const mesh = await startMesh({ stateDir, flags: ['--gateway-port', String(port)] });
  assert.notEqual(new URL(mesh.gateway).port, String(port));
  await mesh.down();
});
