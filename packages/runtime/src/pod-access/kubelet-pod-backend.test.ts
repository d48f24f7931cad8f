import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { ApiError } from '@lateen/apiserver';
import { resources, systemClock } from '@lateen/kube';
import { preparePodSocket } from '../bootstrap/pod-socket.ts';
import { podOf, startTestNode } from '../kubelet/test-node.ts';
import { KubeletPodBackend } from './kubelet-pod-backend.ts';

const text = async (stream: AsyncIterable<unknown> | undefined): Promise<string> => {
  let result = '';
  for await (const chunk of stream ?? []) result += String(chunk);
  return result;
};

/** What comes on a connection, which is then given up: it stays half open until this side ends, too. */
const answerOn = async (connection: Promise<Duplex>): Promise<string> => {
  const stream = await connection;
  const answer = await text(stream);
  stream.destroy();
  return answer;
};

const ref = { namespace: 'default', name: 'web' };
const all = { stdin: true, stdout: true, stderr: true, tty: false };
const plain = { follow: false, previous: false, timestamps: false };

const setUp = async (t: TestContext, script: string) => {
  const node = await startTestNode(t);
  const server = `require('net').createServer((s) => s.end('pong')).listen(process.env.PORT, '127.0.0.1')`;
  const more = {
    ports: [{ containerPort: 7_000 }],
    env: [
      { name: 'SERVER', value: server },
      { name: 'NODE', value: process.execPath },
    ],
    readinessProbe: { tcpSocket: { port: 7_000 } },
  };
  await node.client.create(resources.pods, podOf('web', script, more));
  const ready = (): Promise<unknown> =>
    node.until('web', (pod) => pod?.status?.containerStatuses?.[0]?.ready === true);
  return { ...node, ready, backend: new KubeletPodBackend(() => node.kubelet, systemClock) };
};

const serve = 'echo started; "$NODE" -e "$SERVER"';

test('exec runs beside the container: its variables, both outputs, stdin and exit code', async (t) => {
  const { backend, ready } = await setUp(t, serve);
  await ready();
  const command = ['/bin/sh', '-c', 'read line; echo "$line $PORT_7000"; echo bad >&2; exit 9'];
  const session = await backend.exec(ref, { ...all, command });
  session.stdin?.end('word\n');
  const [out, err, code] = await Promise.all([
    text(session.stdout),
    text(session.stderr),
    session.exit,
  ]);
  assert.match(out, /^word \d+\n$/);
  assert.deepEqual([err, code], ['bad\n', 9]);
});

test('exec with a terminal has one, of the size asked for', async (t) => {
  const { backend, ready } = await setUp(t, serve);
  await ready();
  const command = ['/bin/sh', '-c', 'read line; stty size; test -t 0 && test -t 2 && echo tty'];
  const session = await backend.exec(ref, { ...all, tty: true, command });
  session.resize(100, 40);
  session.stdin?.write('go\r');
  const [out, code] = await Promise.all([text(session.stdout), session.exit]);
  assert.equal(out, 'go\r\n40 100\r\ntty\r\n');
  assert.equal(code, 0);
});

test('a client that goes away takes its command with it', async (t) => {
  const { backend, ready } = await setUp(t, serve);
  await ready();
  const session = await backend.exec(ref, { ...all, command: ['/bin/sleep', '100'] });
  session.kill();
  assert.equal(await session.exit, 137);
});

test('connections reach the app on the port of the pod', async (t) => {
  const { backend, ready } = await setUp(t, serve);
  await ready();
  assert.equal(await answerOn(backend.dial(ref, 7_000)), 'pong');
  await assert.rejects(backend.dial(ref, 7_001), /cannot connect to port 7001/);
});

test('logs: followed to the end, and of the run before', async (t) => {
  const { backend, until } = await setUp(t, 'echo run; sleep 0.05; exit 1');
  await until('web', (pod) => pod?.status?.containerStatuses?.[0]?.state?.running !== undefined);
  assert.equal(await text(await backend.logs(ref, { ...plain, follow: true })), 'run\n');
  await until('web', (pod) => (pod?.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
  assert.equal(await text(await backend.logs(ref, { ...plain, previous: true })), 'run\n');
});

test('what is not there is said as Kubernetes says it', async (t) => {
  const { backend, until } = await setUp(t, serve);
  const refusal = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ApiError);
    return `${error.code}: ${error.message}`;
  };
  await until('web', (pod) => pod?.status?.containerStatuses?.[0]?.state?.running !== undefined);
  assert.equal(
    await refusal(backend.logs({ ...ref, name: 'x' }, plain)),
    'NotFound: pods "x" not found',
  );
  assert.match(
    await refusal(backend.logs({ ...ref, container: 'x' }, plain)),
    /^BadRequest: container x is not valid/,
  );
  assert.match(
    await refusal(backend.logs(ref, { ...plain, previous: true })),
    /^BadRequest: previous terminated container "main"/,
  );
});

test('a port that is a socket of the pod is reached there', async (t) => {
  const { backend, ready, kubelet } = await setUp(t, serve);
  await ready();
  const { site } = kubelet.worker('default', 'web') ?? {};
  const path = await preparePodSocket(site?.folder ?? '', 15_000);
  const server = createServer((socket) => socket.end('admin')).listen(path);
  t.after(() => server.close());
  assert.equal(await answerOn(backend.dial(ref, 15_000)), 'admin');
  assert.equal(await answerOn(backend.dial(ref, 7_000)), 'pong');
});
