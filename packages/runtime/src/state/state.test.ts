import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ManualClock } from '@lateen/base';
import { parseKubeConfig } from '@lateen/kube';
import { clientKubeconfig, loadClusterPki } from './cluster-pki.ts';
import { writeJsonFile } from './json-file.ts';
import { processStart, readRunRecord } from './run-record.ts';
import { createStateFolder, makeStateRoot, stateFolderAt } from './state-folder.ts';
import { lockStateFolder } from './supervisor-lock.ts';

const folderOf = (t: TestContext) => {
  const root = mkdtempSync(join(tmpdir(), 'lateen-state-'));
  t.after(() => rmSync(root, { recursive: true }));
  const state = stateFolderAt(join(root, 'state'));
  createStateFolder(state);
  return state;
};

test('keys stay the same from start to start, and are private', (t) => {
  const { pki } = folderOf(t);
  const clock = new ManualClock(Date.now());
  const first = loadClusterPki(pki, clock);
  const second = loadClusterPki(pki, clock);
  assert.equal(first.authority.certificate, second.authority.certificate);
  assert.equal(first.tokens.key, second.tokens.key);
  assert.equal(statSync(join(pki, 'ca.key')).mode & 0o777, 0o600);
  const target = { name: 'lateen', server: 'https://127.0.0.1:1' };
  const user = { commonName: 'admin', organizations: ['system:masters'] };
  const connection = parseKubeConfig(clientKubeconfig(first, target, user));
  assert.equal(connection.certificateAuthority, first.authority.certificate);
  assert.match(connection.clientCertificate ?? '', /BEGIN CERTIFICATE/);
});

test('a state folder is made with those above it, for its owner only, or refused with what is in the way', (t) => {
  const { root } = folderOf(t);
  const deep = join(root, 'a', 'b');
  makeStateRoot(deep);
  makeStateRoot(deep);
  assert.equal(statSync(deep).mode & 0o777, 0o700);
  for (const place of ['/dev/null', '/dev/null/x', '/proc/lateen/x'])
    assert.throws(() => makeStateRoot(place), {
      code: 'bad-state',
      message:
        /^cannot keep the cluster in \/.* \(E[A-Z]+: .*\): choose another folder with --state-dir$/,
    });
});

test('a second supervisor on the same folder is refused, until the first ends', async (t) => {
  const { root } = folderOf(t);
  const lock = await lockStateFolder(root);
  await assert.rejects(lockStateFolder(root), { code: 'already-running' });
  await new Promise((resolve) => lock.close(resolve));
  const again = await lockStateFolder(root);
  await new Promise((resolve) => again.close(resolve));
});

test('who starts while the one before is still ending waits for its end', async (t) => {
  const { root } = folderOf(t);
  const lock = await lockStateFolder(root);
  const next = lockStateFolder(root);
  lock.close();
  const again = await next;
  await new Promise((resolve) => again.close(resolve));
});

test('a process that ended and that nobody waits for does not run', async (t) => {
  // The shell becomes a program that knows nothing of the shell's child.
  const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600']);
  t.after(() => parent.kill());
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(String(line));
  const until = async (path: string, holds: RegExp): Promise<void> => {
    while (!holds.test(readFileSync(path, 'utf8'))) await new Promise(setImmediate);
  };
  await until(`/proc/${parent.pid}/cmdline`, /^sleep/);
  assert.notEqual(processStart(pid), undefined);
  process.kill(pid);
  await until(`/proc/${pid}/stat`, /\) Z /);
  assert.equal(processStart(pid), undefined);
});

test('the record of a process that is gone says nothing', (t) => {
  const state = folderOf(t);
  assert.equal(readRunRecord(state), undefined);
  const { pid } = process;
  writeJsonFile(state.runRecord, { pid, processStart: processStart(pid) });
  assert.equal(readRunRecord(state)?.pid, pid);
  writeJsonFile(state.runRecord, { pid, processStart: '1' });
  assert.equal(readRunRecord(state), undefined);
});
