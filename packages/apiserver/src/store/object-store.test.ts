import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { ApiError } from '../api-error.ts';
import { ObjectStore, RevisionMismatch, type StoreEvent } from './object-store.ts';

const scratch = (t: { after(end: () => void): void }): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-store-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'store.db');
};

const object = (name: string, value = ''): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  spec: value,
});

const key = (name: string): string => `//configmaps/default/${name}`;

test('what was written is there after a reopen, with its revision', async (t) => {
  const path = scratch(t);
  const store = new ObjectStore(path);
  const a = await store.put(key('a'), object('a', '1'), undefined);
  const b = await store.put(key('a'), object('a', '2'), a);
  const gone = await store.put(key('gone'), object('gone'), undefined);
  await store.remove(key('gone'), gone);
  const { revision } = store;
  store.close();
  const again = new ObjectStore(path);
  assert.equal(again.revision, revision);
  assert.deepEqual(again.get(key('a')), b);
  assert.deepEqual(again.list('//configmaps/'), [b]);
  again.close();
});

test('a file that is no store is named, with what to do', (t) => {
  const path = scratch(t);
  writeFileSync(path, 'no database, and long enough to be taken for the head of one');
  assert.throws(() => new ObjectStore(path), {
    message: `the store ${path} cannot be opened (file is not a database): restore the file, or move it away and begin with an empty cluster`,
  });
});

test('a write based on an old state is refused, even within one turn', async (t) => {
  const store = new ObjectStore(scratch(t));
  t.after(() => store.close());
  const first = await store.put(key('a'), object('a', '1'), undefined);
  const winner = store.put(key('a'), object('a', '2'), first);
  await assert.rejects(store.put(key('a'), object('a', '3'), first), RevisionMismatch);
  await assert.rejects(store.put(key('a'), object('a'), undefined), RevisionMismatch);
  assert.equal((await winner).spec, '2');
});

test('watchers see durable changes in order, and can resume', async (t) => {
  const store = new ObjectStore(scratch(t));
  t.after(() => store.close());
  const seen: StoreEvent[] = [];
  store.subscribe((event) => seen.push(event));
  const start = store.revision;
  const a = await store.put(key('a'), object('a', '1'), undefined);
  await Promise.all([
    store.put(key('a'), object('a', '2'), a),
    store.put(key('b'), object('b'), undefined),
  ]);
  assert.deepEqual(
    seen.map(({ revision }) => revision),
    [start + 1, start + 2, start + 3],
  );
  assert.deepEqual(store.eventsSince(start + 1), seen.slice(1));
  assert.throws(
    () => store.eventsSince(start - 1),
    (error) => error instanceof ApiError,
  );
});

test('a write that the disk has no room for says so, and later ones go on', async (t) => {
  const path = scratch(t);
  const store = new ObjectStore(path);
  t.after(() => store.close());
  const first = await store.put(key('a'), object('a', '1'), undefined);
  // As SQLite does it: the transaction is rolled back at once.
  const disk = new DatabaseSync(path);
  disk.exec(`CREATE TRIGGER full BEFORE INSERT ON objects
    BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`);
  await assert.rejects(store.put(key('b'), object('b'), undefined), {
    message: 'the store cannot write: database or disk is full',
  });
  assert.equal(store.get(key('b')), undefined);
  disk.exec('DROP TRIGGER full');
  disk.close();
  await store.put(key('b'), object('b', '2'), undefined);
  assert.deepEqual(store.get(key('a')), first);
  assert.equal(store.get(key('b'))?.spec, '2');
});

test('an acknowledged write survives kill -9', async (t) => {
  const path = scratch(t);
  const writer = `
    import { ObjectStore } from ${JSON.stringify(new URL('./object-store.ts', import.meta.url).href)};
    const store = new ObjectStore(${JSON.stringify(path)});
    const write = async (lane) => {
      for (let n = 0; ; n += 1) {
        const name = process.argv[1] + '-' + lane + '-' + n;
        await store.put('//configmaps/default/' + name, { metadata: { name } }, undefined);
        process.stdout.write(name + '\\n');
      }
    };
    for (const lane of [1, 2, 3, 4]) void write(lane);
  `;
  const acknowledged: string[] = [];
  for (const [round, killAfter] of [20, 63, 111, 168, 219].entries()) {
    const child = spawn(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      writer,
      String(round),
    ]);
    const lines = createInterface({ input: child.stdout });
    let count = 0;
    lines.on('line', (name) => {
      acknowledged.push(name);
      count += 1;
      if (count === killAfter) child.kill('SIGKILL');
    });
    await once(lines, 'close');
    assert.ok(count >= killAfter);
  }
  const store = new ObjectStore(path);
  t.after(() => store.close());
  const lost = acknowledged.filter((name) => store.get(key(name)) === undefined);
  assert.deepEqual(lost, []);
});
