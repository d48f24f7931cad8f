import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { ManualClock } from '@lateen/base';
import { AppHealth } from './app-health.ts';
import { runProbe } from './probe-action.ts';
import { readProbeSettings } from './probe-settings.ts';

/** No healthy check needs it, not on a busy machine either. */
const patienceMs = 60_000;

const settingsOf = (readinessProbe: object) =>
  readProbeSettings(JSON.stringify({ readinessProbe }));

test('a probe is read with its defaults; what is wrong is named', () => {
  assert.equal(readProbeSettings(undefined), undefined);
  assert.equal(readProbeSettings('{}'), undefined);
  assert.deepEqual(settingsOf({ httpGet: { port: 8080, path: 'ready' } }), {
    action: { kind: 'http', url: 'http://localhost:8080/ready', headers: {} },
    initialDelayMs: 0,
    timeoutMs: 1_000,
    periodMs: 10_000,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.throws(() => settingsOf({}), /needs one of httpGet, tcpSocket, exec and grpc/);
  assert.throws(() => settingsOf({ tcpSocket: { port: 0 } }), /tcpSocket\.port must be a port/);
  assert.throws(() => readProbeSettings('readinessProbe: {}'), /PROXY_CONFIG must be JSON/);
});

const serve = async (t: { after(run: () => void): void }, status: () => number) => {
  let asked = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    response.writeHead(status()).end(() => {
      asked.resolve();
      asked = Promise.withResolvers();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { port, next: () => asked.promise };
};

test('what each check finds', async (t) => {
  const { port } = await serve(t, () => 503);
  const http = settingsOf({ httpGet: { host: '127.0.0.1', port } })?.action;
  assert.ok(http);
  assert.match((await runProbe(http, patienceMs)) ?? '', /answers 503/);
  assert.equal(await runProbe({ kind: 'tcp', host: '127.0.0.1', port }, patienceMs), undefined);
  assert.match(
    (await runProbe({ kind: 'tcp', host: '127.0.0.1', port: 1 }, patienceMs)) ?? '',
    /REFUSED/,
  );
  const node = process.execPath;
  assert.equal(await runProbe({ kind: 'exec', command: [node, '-e', '0'] }, patienceMs), undefined);
  const failing = { kind: 'exec', command: [node, '-e', 'process.exit(3)'] } as const;
  assert.match((await runProbe(failing, patienceMs)) ?? '', /Command failed/);
  assert.ok(await runProbe({ kind: 'grpc', port, service: 'shop' }, patienceMs));
});

test('every field of a probe is read', () => {
  const probe = {
    initialDelaySeconds: 3,
    timeoutSeconds: 2,
    periodSeconds: 5,
    successThreshold: 4,
    failureThreshold: 6,
  };
  const httpGet = {
    path: '/ready',
    port: 8443,
    host: 'app.example',
    scheme: 'HTTPS',
    httpHeaders: [{ name: 'x-token', value: 'a' }],
  };
  assert.deepEqual(settingsOf({ ...probe, httpGet }), {
    action: { kind: 'http', url: 'https://app.example:8443/ready', headers: { 'x-token': 'a' } },
    initialDelayMs: 3_000,
    timeoutMs: 2_000,
    periodMs: 5_000,
    successThreshold: 4,
    failureThreshold: 6,
  });
  const actionOf = (action: object) => settingsOf(action)?.action;
  const tcp = { kind: 'tcp', host: 'app.example', port: 9 };
  assert.deepEqual(actionOf({ tcpSocket: { host: 'app.example', port: 9 } }), tcp);
  assert.deepEqual(actionOf({ exec: { command: ['true', 'x'] } }), {
    kind: 'exec',
    command: ['true', 'x'],
  });
  const grpc = { kind: 'grpc', port: 9, service: 'shop' };
  assert.deepEqual(actionOf({ grpc: { port: 9, service: 'shop' } }), grpc);
});

test('a gRPC check wants SERVING for the service it names', async (t) => {
  const server = new Server();
  const asked: string[] = [];
  server.addService(
    {
      check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    {
      check: (call: { request: Buffer }, answer: (error: null, bytes: Buffer) => void) => {
        asked.push(call.request.toString('latin1'));
        answer(null, Buffer.from([0x08, call.request.length > 0 ? 1 : 2]));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  t.after(() => server.forceShutdown());
  assert.equal(await runProbe({ kind: 'grpc', port, service: 'shop' }, patienceMs), undefined);
  const other = await runProbe({ kind: 'grpc', port, service: '' }, patienceMs);
  assert.equal(other, 'the service is not serving');
  assert.deepEqual(asked, ['\n\x04shop', '']);
});

test('health changes after as many checks in a row as the thresholds say', async (t) => {
  let status = 200;
  const { port, next } = await serve(t, () => status);
  const settings = settingsOf({
    httpGet: { host: '127.0.0.1', port },
    periodSeconds: 1,
    failureThreshold: 2,
  });
  assert.ok(settings);
  const clock = new ManualClock(0);
  const changes: string[] = [];
  let changed = Promise.withResolvers<void>();
  const health = new AppHealth({
    settings,
    clock,
    onChange: (problem) => {
      changes.push(problem === undefined ? 'well' : 'unwell');
      changed.resolve();
      changed = Promise.withResolvers();
    },
  });
  t.after(() => health.close());
  let change = changed.promise;
  clock.advance(0);
  await change;
  assert.deepEqual(changes, ['well']);
  status = 500;
  change = changed.promise;
  for (let check = 0; check < 2; check++) {
    const asked = next();
    while (!(await Promise.race([asked.then(() => true), advanced(clock)])));
  }
  await change;
  assert.deepEqual(changes, ['well', 'unwell']);
});

/** A second later, after whatever was under way. */
const advanced = async (clock: ManualClock): Promise<false> => {
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_000);
  return false;
};
