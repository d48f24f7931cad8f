import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { parseAllDocuments } from 'yaml';

interface CatalogEntry {
  readonly image: string;
  readonly command: readonly [program: string, path: string];
  readonly env?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly template?: { readonly spec: { readonly containers: readonly { image: string }[] } };
  };
}

const here = import.meta.dirname;
const catalog: readonly CatalogEntry[] = JSON.parse(
  readFileSync(join(here, 'images.json'), 'utf8'),
);
/** Images of addons are built into the runtime, which has the test for them. */
const isAddon = (path: string): boolean => path.startsWith('addons/');

const manifestPaths = globSync('**/*.yaml', { cwd: here, exclude: ['node_modules/**'] }).sort();

function readManifests(path: string): Manifest[] {
  const documents = parseAllDocuments(readFileSync(join(here, path), 'utf8'));
  assert.ok(Array.isArray(documents), `${path} is empty`);
  return documents.map((document) => {
    assert.deepEqual(document.errors, [], path);
    assert.deepEqual(document.warnings, [], path);
    return document.toJS() as Manifest;
  });
}

/** Waits for a line on an app's stdout and returns what the first group of `pattern` took from it. */
async function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  assert.ok(child.stdout);
  for await (const line of createInterface(child.stdout)) {
    const found = pattern.exec(line);
    if (found) return found[1] ?? '';
  }
  throw new Error(`the app ended without saying ${pattern}`);
}

async function startedUrl(child: ChildProcess): Promise<string> {
  return `http://${await said(child, / listening on (.+)$/)}`;
}

function start(t: TestContext, entry: CatalogEntry, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [join(here, entry.command[1])], {
    env: { ...entry.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

function entryOf(image: string): CatalogEntry {
  const entry = catalog.find((candidate) => candidate.image === image);
  assert.ok(entry, image);
  return entry;
}

for (const { image, command } of catalog) {
  test(`${image} names a program that exists`, () => {
    assert.equal(command[0], 'node');
    assert.ok(existsSync(join(here, command[1])), command[1]);
  });
}

const servers = new Map(catalog.map((entry) => [entry.command[1], entry]));
servers.delete('sleep/main.ts');

for (const [path, entry] of servers) {
  test(`${path} listens where PORT says and ends cleanly on SIGTERM`, async (t) => {
    const child = start(t, entry);
    const response = await fetch(`${await startedUrl(child)}/health`);
    await response.arrayBuffer();
    assert.ok([200, 404].includes(response.status));
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
}

test('requests in flight are answered before the end', async (t) => {
  const child = start(t, entryOf('docker.io/mccutchen/go-httpbin'));
  const url = await startedUrl(child);
  const headers = { 'content-length': 4, expect: '100-continue' };
  const waiting = request(`${url}/post`, { method: 'POST', headers });
  const answered = once(waiting, 'response');
  waiting.flushHeaders();
  await once(waiting, 'continue');
  child.kill('SIGTERM');
  await said(child, /takes no more requests/);
  waiting.end('half');
  const [response] = await answered;
  response.resume();
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers.connection, 'close');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('connections without a request do not delay the end', { timeout: 10_000 }, async (t) => {
  const child = start(t, entryOf('docker.io/mccutchen/go-httpbin'));
  const { port } = new URL(await startedUrl(child));
  const unused = connect(Number(port), '127.0.0.1');
  await once(unused, 'connect');
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const [response] = await once(request({ host: '127.0.0.1', port, agent }).end(), 'response');
  response.resume();
  await once(response, 'end');
  child.kill('SIGTERM');
  await Promise.all([once(unused, 'close'), once(child, 'exit')]);
});

const startFailures: readonly [NodeJS.ProcessEnv, RegExp][] = [
  [{ PORT: 'http' }, /PORT is "http"/],
  [{ HOST: '192.0.2.1' }, /cannot listen on 192\.0\.2\.1/],
];

for (const [env, message] of startFailures) {
  test(`an app started with ${JSON.stringify(env)} says why it ends`, async (t) => {
    const child = start(t, entryOf('docker.io/istio/examples-bookinfo-ratings-v1'), env);
    let text = '';
    child.stderr?.on('data', (data) => {
      text += data;
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 1);
    assert.match(text, message);
  });
}

for (const path of manifestPaths) {
  test(`${path} is YAML of Kubernetes objects with images that are here`, () => {
    for (const manifest of readManifests(path)) {
      assert.ok(manifest.apiVersion && manifest.kind && manifest.metadata.name);
      for (const { image } of manifest.spec?.template?.spec.containers ?? []) {
        const repository = image.slice(0, image.lastIndexOf(':'));
        assert.ok(
          isAddon(path) ||
            catalog.some((entry) => entry.image === image || entry.image === repository),
          image,
        );
      }
    }
  });
}

test('bookinfo.yaml creates its objects in the order of the tutorial', () => {
  const created = readManifests('bookinfo/platform/kube/bookinfo.yaml').map(
    ({ kind, metadata }) => {
      const group = kind === 'Deployment' ? '.apps' : '';
      return `${kind.toLowerCase()}${group}/${metadata.name} created`;
    },
  );
  assert.deepEqual(created, [
    'service/details created',
    'serviceaccount/bookinfo-details created',
    'deployment.apps/details-v1 created',
    'service/ratings created',
    'serviceaccount/bookinfo-ratings created',
    'deployment.apps/ratings-v1 created',
    'service/reviews created',
    'serviceaccount/bookinfo-reviews created',
    'deployment.apps/reviews-v1 created',
    'deployment.apps/reviews-v2 created',
    'deployment.apps/reviews-v3 created',
    'service/productpage created',
    'serviceaccount/bookinfo-productpage created',
    'deployment.apps/productpage-v1 created',
  ]);
});
