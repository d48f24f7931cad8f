import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { createLogger, ManualClock } from '@lateen/base';
import { BootstrapSchema } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { AgentError } from '../agent-error.ts';
import { EnvoyAdmin } from './envoy-admin.ts';
import { type CompanionProxy, type EnvoyOptions, startEnvoy } from './envoy-proxy.ts';

/** An address of loopback of our own: the ports are Istio's. */
const address = `127.${60 + (process.pid % 100)}.${(process.pid >> 8) % 250}.77`;

/**
 * Answers as Envoy's admin server does, knows what it was started with, and does as Envoy with its standard
 * output. `POST /set?NAME=VALUE` changes a number; `POST /die` ends it.
 */
const program = `#!${process.execPath}
const { createServer } = require('node:http');
const { openSync, readFileSync, writeSync } = require('node:fs');
writeSync(openSync('/dev/stdout', 'a'), 'an access log\\n');
const config = JSON.parse(readFileSync(process.argv[process.argv.indexOf('-c') + 1], 'utf8'));
const numbers = new Map([
  ['cluster_manager.cds.update_success', 0],
  ['listener_manager.lds.update_success', 0],
  ['listener.127.0.0.1_80.downstream_cx_active', 0],
  ['listener.admin.downstream_cx_active', 1],
]);
createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://admin');
  if (request.method === 'POST' && pathname === '/die') process.exit(3);
  if (request.method === 'POST' && pathname === '/set')
    for (const [name, value] of searchParams) numbers.set(name, Number(value));
  if (pathname === '/drain_listeners') numbers.set('drained', 1);
  if (pathname === '/stats/prometheus') return response.end('envoy_up 1\\n');
  if (pathname === '/stats') {
    const pattern = new RegExp(searchParams.get('filter'));
    const found = [...numbers].filter(([name]) => pattern.test(name));
    return response.end(found.map(([name, value]) => name + ': ' + value + '\\n').join(''));
  }
  response.end(pathname === '/ready' ? 'LIVE\\n' : '');
}).listen(config.admin);
`;

let folder = '';
let proxy: CompanionProxy | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-agent-envoy-'));
  writeFileSync(join(folder, 'envoy'), program);
  chmodSync(join(folder, 'envoy'), 0o700);
});
afterEach(async () => {
  await proxy?.drain(0);
  proxy = undefined;
  rmSync(folder, { recursive: true });
});

const start = async (options: Partial<EnvoyOptions> = {}): Promise<EnvoyAdmin> => {
  const path = join(folder, 'admin.sock');
  writeFileSync(join(folder, 'bootstrap.json'), JSON.stringify({ admin: path }));
  proxy = await startEnvoy({
    binary: join(folder, 'envoy'),
    configPath: join(folder, 'bootstrap.json'),
    bootstrap: create(BootstrapSchema, {
      admin: { address: { address: { case: 'pipe', value: { path } } } },
    }),
    statusAddress: address,
    logLevel: 'info',
    log: createLogger({ clock: new ManualClock(0), sink: () => undefined }),
    onExit: () => undefined,
    ...options,
  });
  return new EnvoyAdmin(path);
};

const statusOf = async (port: number, path: string): Promise<readonly [number, string]> => {
  const response = await fetch(`http://${address}:${port}${path}`);
  return [response.status, await response.text()];
};

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await delay(10);
};

/** It answers, and so could open `/dev/stdout` before. */
const untilUp = (admin: EnvoyAdmin): Promise<void> =>
  until(() =>
    admin.ask('/ready').then(
      () => true,
      () => false,
    ),
  );

const timeout = 60_000;

test('it is ready once it is live and has had clusters and listeners', { timeout }, async () => {
  const admin = await start();
  await untilUp(admin);
  assert.equal((await statusOf(15_021, '/healthz/ready'))[0], 503);
  await admin.ask('/set?cluster_manager.cds.update_success=1', 'POST');
  assert.equal((await statusOf(15_021, '/healthz/ready'))[0], 503);
  await admin.ask('/set?listener_manager.lds.update_success=1', 'POST');
  assert.deepEqual(await statusOf(15_021, '/healthz/ready'), [200, 'LIVE\n']);
  for (const port of [15_020, 15_090])
    assert.deepEqual(await statusOf(port, '/stats/prometheus'), [200, 'envoy_up 1\n']);
  assert.equal((await statusOf(15_090, '/quitquitquit'))[0], 404);
});

test('it drains while it has connections, and no longer than it may', { timeout }, async () => {
  const admin = await start();
  await untilUp(admin);
  await admin.ask('/set?listener.127.0.0.1_80.downstream_cx_active=1', 'POST');
  let drained = false;
  const end = proxy?.drain(timeout).then(() => {
    drained = true;
  });
  await until(async () => (await admin.numbers('drained')).get('drained') === 1);
  assert.deepEqual(await statusOf(15_021, '/healthz/ready'), [503, 'draining\n']);
  assert.equal(drained, false);
  await admin.ask('/set?listener.127.0.0.1_80.downstream_cx_active=0', 'POST');
  await end;
  proxy = undefined;
  await assert.rejects(admin.ask('/ready'));
});

test('the agent hears of its end', { timeout }, async () => {
  const ended = Promise.withResolvers<string>();
  const admin = await start({ onExit: ended.resolve });
  await untilUp(admin);
  await assert.rejects(admin.ask('/die', 'POST'));
  assert.equal(await ended.promise, 'exit code 3');
});

test('admin pages on the network are refused', { timeout }, async () => {
  const bootstrap = create(BootstrapSchema, {});
  await assert.rejects(
    start({ bootstrap }),
    (error) => error instanceof AgentError && error.code === 'bad-option',
  );
});
