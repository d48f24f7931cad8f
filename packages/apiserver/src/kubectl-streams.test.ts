/** logs, exec, attach, cp, port-forward and proxy with stock kubectl, by WebSocket and by SPDY. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { kubectlMissing } from './testing/kubectl.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: { nodeName: 'n', containers: [{ name: 'main', image: 'example/main' }] },
};

/** Environment by which kubectl picks its protocol: WebSocket is the default from 1.31 on. */
const protocols: readonly { readonly name: string; readonly env: Record<string, string> }[] = [
  {
    name: 'WebSocket',
    env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'true' },
  },
  {
    name: 'SPDY',
    env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' },
  },
];

/** The port in `Forwarding from 127.0.0.1:PORT -> ...`. */
const forwardedPort = async (process: ChildProcess): Promise<number> => {
  let output = '';
  assert.ok(process.stdout);
  for await (const chunk of process.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    const port = /127\.0\.0\.1:(\d+) ->/.exec(output)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`port-forward ended: ${output}`);
};

const fetchText = async (port: number, path: string): Promise<string> => {
  const request = get({ port, host: '127.0.0.1', path, agent: false });
  const [response] = await once(request, 'response');
  return text(response);
};

describe('kubectl streams', { skip: kubectlMissing }, () => {
  let mesh: TestServer;
  let app: Server;
  const large = randomBytes(2_000_000).toString('hex');
  before(async () => {
    mesh = await startTestServer();
    app = createServer((request, response) => {
      if (request.url === '/large') response.end(large);
      else response.end(`${request.method} ${request.url} ${request.headers.host}`);
    }).listen(0, '127.0.0.1');
    await once(app, 'listening');
    mesh.pods.ports.set(9080, (app.address() as AddressInfo).port);
    mesh.pods.logLines.set('web', ['one', 'two', 'three']);
    const created = await mesh.ask('POST', '/api/v1/namespaces/default/pods', pod);
    assert.equal(created.code, 201, created.text);
    const status = { ...pod, status: { phase: 'Running', podIP: '127.0.0.1' } };
    const ready = await mesh.ask('PUT', '/api/v1/namespaces/default/pods/web/status', status);
    assert.equal(ready.code, 200, ready.text);
  });
  after(async () => {
    app.closeAllConnections();
    app.close();
    await mesh.close();
  });

  test('logs', async () => {
    const run = (...args: string[]) => mesh.kubectl.run(['logs', ...args]);
    assert.equal((await run('web')).stdout, 'one\ntwo\nthree\n');
    assert.equal((await run('web', '--tail=1')).stdout, 'three\n');
    assert.equal((await run('-l', 'app=web')).stdout, 'one\ntwo\nthree\n');
    await run('web', '-f', '--previous', '--timestamps', '--since=10s');
    assert.deepEqual(mesh.pods.logRequests.at(-1), {
      follow: true,
      previous: true,
      timestamps: true,
      sinceSeconds: 10,
    });
    assert.match((await run('absent')).stderr, /pods "absent" not found/);
  });

  for (const { name, env } of protocols) {
    const run = (args: readonly string[], input?: string) =>
      mesh.kubectl.run(args, { env, ...(input !== undefined && { input }) });

    test(`exec by ${name}: output, error output, exit code`, async () => {
      const script = 'echo out; echo problem >&2; exit 3';
      const result = await run(['exec', 'web', '--', 'sh', '-c', script]);
      assert.equal(result.stdout, 'out\n');
      assert.match(result.stderr, /problem\n/);
      assert.match(result.stderr, /command terminated with exit code 3/);
      assert.equal(result.code, 3);
      const fine = await run(['exec', 'deploy/none', '--', 'true']);
      assert.match(fine.stderr, /not found/);
    });

    test(`exec -i by ${name}: input to its end`, async () => {
      const result = await run(['exec', '-i', 'web', '--', 'wc', '-c'], 'x'.repeat(300_000));
      assert.equal(result.stdout.trim(), '300000', result.stderr);
    });

    test(`exec by ${name}: large output is whole`, async () => {
      const result = await run(['exec', 'web', '--', 'head', '-c', '5000000', '/dev/zero']);
      assert.equal(result.stdout.length, 5_000_000);
      assert.equal(result.code, 0);
    });

    test(`attach by ${name}`, async () => {
      const result = await run(['attach', '-i', 'web'], 'typed\n');
      assert.match(result.stdout, /attached\ntyped\n/);
    });

    test(`cp by ${name}, both ways`, async () => {
      const folder = join(mesh.folder, name);
      mkdirSync(folder);
      writeFileSync(join(folder, 'up.bin'), large);
      const up = await run(['cp', join(folder, 'up.bin'), `web:${folder}/there.bin`]);
      assert.equal(up.code, 0, up.stderr);
      const down = await run(['cp', `web:${folder}/there.bin`, join(folder, 'back.bin')]);
      assert.equal(down.code, 0, down.stderr);
      assert.equal(readFileSync(join(folder, 'back.bin'), 'utf8'), large);
    });

    test(`port-forward by ${name}: several connections, a large body`, async () => {
      const process = mesh.kubectl.start(['port-forward', 'pod/web', ':9080'], env);
      try {
        const port = await forwardedPort(process);
        const pages = await Promise.all(['/a', '/b', '/c'].map((path) => fetchText(port, path)));
        assert.deepEqual(
          pages.map((page) => page.split(' ')[1]),
          ['/a', '/b', '/c'],
        );
        assert.equal((await fetchText(port, '/large')).length, large.length);
      } finally {
        process.kill();
      }
    });
  }

  test('port-forward to a port nobody listens on says so', async () => {
    const process = mesh.kubectl.start(['port-forward', 'pod/web', ':1234']);
    try {
      const port = await forwardedPort(process);
      await assert.rejects(fetchText(port, '/'));
      assert.ok(process.stderr);
      const [message] = await once(process.stderr, 'data');
      assert.match(String(message), /error forwarding port 1234 to pod web|connection refused/i);
    } finally {
      process.kill();
    }
  });

  test('a client that goes away takes its process with it', async () => {
    await mesh.pods.idle();
    const process = mesh.kubectl.start([
      'exec',
      '-i',
      'web',
      '--',
      'sh',
      '-c',
      'echo up; exec sleep 600',
    ]);
    assert.ok(process.stdout);
    await once(process.stdout, 'data');
    assert.equal(mesh.pods.running, 1);
    process.kill('SIGKILL');
    await mesh.pods.idle();
  });

  test('proxy to a pod passes method, path and query', async () => {
    const path = '/api/v1/namespaces/default/pods/web:9080/proxy/x/y?z=1';
    assert.match((await mesh.ask('GET', path)).text, /^GET \/x\/y\?z=1 /);
    assert.match((await mesh.ask('POST', path, {})).text, /^POST \/x\/y\?z=1 /);
    const absent = await mesh.ask('GET', '/api/v1/namespaces/default/pods/web:1/proxy/');
    assert.equal(absent.code, 503, absent.text);
  });

  test('streams need an upgrade, and one who may', async () => {
    const path = '/api/v1/namespaces/default/pods/web/exec?command=true&stdout=true';
    assert.equal((await mesh.ask('GET', path)).code, 400);
  });
});
