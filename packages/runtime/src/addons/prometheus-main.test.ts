import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Pod } from '@lateen/api';
import type { TargetGroup } from './pod-targets.ts';

const launcher = fileURLToPath(new URL('./prometheus-main.ts', import.meta.url));

const pod = (name: string, podIP: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', resourceVersion: '1' },
  spec: { containers: [{ name: 'app', image: 'a' }] },
  status: { phase: 'Running', podIP },
});

/** An API server with one pod, that tells of a second when it is asked to. */
const startPods = async (t: TestContext) => {
  const watching = Promise.withResolvers<http.ServerResponse>();
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (/[?&]watch=/.test(request.url ?? '')) {
      response.flushHeaders();
      watching.resolve(response);
      return;
    }
    const list = { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '1' } };
    response.end(JSON.stringify({ ...list, items: [pod('one', '127.9.0.1')] }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: async () => {
      const object = pod('two', '127.9.0.2');
      (await watching.promise).write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
    },
  };
};

/** Says its arguments, then each line of what it waits for; ends by 7 on SIGTERM. */
const standIn = `#!/bin/sh
trap 'exit 7' TERM
echo "started $*"
until grep -q 127.9.0.2 "$TARGETS"; do sleep 0.05; done
echo followed
while :; do sleep 0.05; done
`;

test('the program gets the pods as they come, and signals; its end is the end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-launcher-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pods = await startPods(t);
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('program'), standIn, { mode: 0o700 });
  const jobs = 'scrape_configs: [{job_name: a, kubernetes_sd_configs: [{role: pod}]}]\n';
  writeFileSync(path('config.yml'), jobs);
  const kubeconfig = {
    'current-context': 'a',
    clusters: [{ name: 'a', cluster: { server: pods.url } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    users: [{ name: 'a', user: { token: 'token' } }],
  };
  writeFileSync(path('kubeconfig'), JSON.stringify(kubeconfig));
  const child = spawn(
    process.execPath,
    [
      ...[launcher, '--program', path('program'), '--config', path('config.yml')],
      ...['--kubeconfig', path('kubeconfig'), '--folder', folder, '--', '--more=1'],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TARGETS: path('pods-0.json') },
    },
  );
  t.after(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const started = await lines.next();
  assert.equal(started.value, `started --config.file=${path('prometheus.yml')} --more=1`);
  const targets = (): readonly string[] =>
    (JSON.parse(readFileSync(path('pods-0.json'), 'utf8')) as TargetGroup[]).flatMap(
      (group) => group.targets,
    );
  assert.deepEqual(targets(), ['127.9.0.1']);
  await pods.add();
  assert.equal((await lines.next()).value, 'followed');
  assert.deepEqual(targets(), ['127.9.0.1', '127.9.0.2']);
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [7, null]);
});
