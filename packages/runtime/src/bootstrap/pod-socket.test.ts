import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { podSocketPath, preparePodSocket } from './pod-socket.ts';

test('a socket is in the pod’s folder, or where its path is short enough', () => {
  assert.equal(podSocketPath('/state/pods/u', 15_000), '/state/pods/u/15000.sock');
  const deep = `/${'x'.repeat(100)}/pods/u`;
  const path = podSocketPath(deep, 15_000, '/tmp');
  assert.ok(path.startsWith('/tmp/lateen-') && Buffer.byteLength(path) <= 107, path);
  assert.notEqual(podSocketPath(deep, 15_014, '/tmp'), path);
  assert.notEqual(podSocketPath(`${deep}2`, 15_000, '/tmp'), path);
});

test('nobody else may look into its folder', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-socket-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = await preparePodSocket(join(folder, 'pods', 'u'), 'sds');
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
});
