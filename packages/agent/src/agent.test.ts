import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createLogger, ManualClock } from '@lateen/base';
import { splitCertificates } from '@lateen/identity';
import { type Agent, startAgent } from './agent.ts';
import { AgentError } from './agent-error.ts';
import { readSettings } from './settings.ts';
import { authorityOf, CertificateServer } from './testing/certificate-server.ts';
import { SecretClient } from './testing/secret-client.ts';

const hourMs = 3_600_000;

describe('an agent', { timeout: 120_000 }, () => {
  let clock: ManualClock;
  let folder: string;
  let server: CertificateServer;
  let lines: string;
  const closers: (() => void)[] = [];

  const pathOf = (name: string): string => join(folder, name);

  const start = async (env: Record<string, string> = {}): Promise<Agent> => {
    const port = await server.listen();
    const settings = readSettings(
      { POD_NAMESPACE: 'default', SERVICE_ACCOUNT: 'web', ...env },
      { caAddress: `127.0.0.1:${port}`, rootPath: pathOf('root.pem'), tokenPath: pathOf('token') },
    );
    const agent = await startAgent({
      settings,
      socketPath: pathOf('sds'),
      clock,
      log: createLogger({ clock, level: 'debug', sink: (line) => (lines += line) }),
      jitter: () => 0.5,
    });
    closers.push(() => agent.close());
    return agent;
  };

  const subscribe = (name: string): SecretClient => {
    const client = new SecretClient(pathOf('sds'), name);
    closers.push(() => client.close());
    return client;
  };

  const writeRoots = (...pems: readonly string[]): void =>
    writeFileSync(pathOf('root.pem'), pems.join(''));

  beforeEach(() => {
    clock = new ManualClock(Date.now());
    folder = mkdtempSync(join(tmpdir(), 'lateen-agent-'));
    server = new CertificateServer(authorityOf('one', clock));
    lines = '';
    writeRoots(...server.authority.roots);
    writeFileSync(pathOf('token'), 'token-1\n');
  });

  afterEach(() => {
    for (const close of closers.splice(0)) close();
    server.close();
    rmSync(folder, { recursive: true });
  });

  it('serves a certificate that OpenSSL verifies, with its key, and the roots', async () => {
    await start();
    const { chain, key } = await subscribe('default').next();
    const { roots } = await subscribe('ROOTCA').next();
    assert.ok(new X509Certificate(chain).checkPrivateKey(createPrivateKey(key)));
    assert.equal(roots, server.authority.roots.join(''));
    writeFileSync(pathOf('leaf.pem'), chain);
    const args = ['verify', '-x509_strict', '-CAfile', 'root.pem', 'leaf.pem'];
    assert.match(execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' }), /leaf.pem: OK/);
    assert.deepEqual(server.tokens, ['Bearer token-1']);
    assert.equal(statSync(pathOf('sds')).mode & 0o777, 0o600);
  });

  it('says of which cluster its token is', async () => {
    await start({ ISTIO_META_CLUSTER_ID: 'cluster2' });
    await subscribe('default').next();
    assert.deepEqual(server.clusters, ['cluster2']);
  });

  it('writes no key and no token into logs or files', async () => {
    await start();
    const { key } = await subscribe('default').next();
    assert.doesNotMatch(lines, /PRIVATE|token-1/);
    const [, body = ''] = key.split('\n');
    const grep = (): string =>
      execFileSync('sh', ['-c', `grep -rl -- "${body}" . || true`], {
        cwd: folder,
        encoding: 'utf8',
      });
    assert.equal(grep(), '');
  });

  it('renews at half of the life with another key and the token of then', async () => {
    await start({ SECRET_TTL: '10h' });
    const certificates = subscribe('default');
    const first = await certificates.next();
    writeFileSync(pathOf('token'), 'token-2');
    clock.advance(4.9 * hourMs);
    assert.equal(server.tokens.length, 1);
    clock.advance(0.2 * hourMs);
    const second = await certificates.next();
    assert.deepEqual(server.tokens, ['Bearer token-1', 'Bearer token-2']);
    assert.notEqual(second.key, first.key);
    assert.notEqual(second.chain, first.chain);
  });

  it('tries again with growing waits while there is no certificate to be had', async () => {
    server.refusals = 3;
    const agent = await start();
    const certificates = subscribe('default');
    for (const [calls, waitMs] of [
      [1, 100],
      [2, 200],
      [3, 400],
    ] as const) {
      await server.calls(calls);
      while (lines.split('retryInMs').length <= calls) await setImmediate();
      clock.advance(waitMs - 1);
      assert.equal(server.tokens.length, calls);
      clock.advance(1);
    }
    assert.match((await certificates.next()).chain, /BEGIN CERTIFICATE/);
    await agent.certified;
    assert.match(lines, /UNAVAILABLE: not now/);
  });

  it('waits for roots that come later', async () => {
    rmSync(pathOf('root.pem'));
    await start();
    const certificates = subscribe('default');
    writeRoots(...server.authority.roots);
    assert.match((await certificates.next()).chain, /BEGIN CERTIFICATE/);
  });

  it('trusts a new root with the old one, and the new one alone when the old one goes', async () => {
    const [old = ''] = server.authority.roots;
    const agent = await start();
    const trust = subscribe('ROOTCA');
    assert.equal((await trust.next()).roots, old);
    await agent.certified;
    const next = authorityOf('two', clock);
    const [young = ''] = next.roots;
    writeRoots(old, young);
    assert.deepEqual(splitCertificates((await trust.next()).roots), [old, young]);
    writeRoots(young);
    assert.equal((await trust.next()).roots, young);
  });

  it('serves the files that DestinationRules name', async () => {
    await start();
    writeFileSync(pathOf('key.pem'), 'the key');
    const files = subscribe(`file-cert:${pathOf('root.pem')}~${pathOf('key.pem')}`);
    assert.equal((await files.next()).key, 'the key');
    writeFileSync(pathOf('key.pem'), 'another key');
    clock.advance(5_000);
    assert.equal((await files.next()).key, 'another key');
    const system = await subscribe('file-root:system').next();
    assert.ok(splitCertificates(system.roots).length === 0 || system.roots.includes('BEGIN'));
  });

  it('replaces a socket that was left behind and removes its own', async () => {
    writeFileSync(pathOf('sds'), '');
    const agent = await start();
    await subscribe('ROOTCA').next();
    agent.close();
    assert.equal(existsSync(pathOf('sds')), false);
  });

  it('refuses a socket path that the kernel would cut', async () => {
    const settings = readSettings({});
    const socketPath = join(folder, 'x'.repeat(100));
    const { log } = { log: createLogger({ clock, sink: () => undefined }) };
    await assert.rejects(
      startAgent({ settings, socketPath, clock, log, jitter: () => 0 }),
      (error) => error instanceof AgentError && error.code === 'listen-failed',
    );
  });
});

describe('readSettings', () => {
  it('reads Istio’s variables', () => {
    const settings = readSettings({
      CA_ADDR: 'istiod-canary.istio-system.svc:15012',
      TRUST_DOMAIN: 'prod',
      SECRET_TTL: '1h30m',
      SECRET_GRACE_PERIOD_RATIO: '0.2',
      WORKLOAD_RSA_KEY_SIZE: '2048',
    });
    assert.equal(settings.caName, 'istiod-canary.istio-system.svc');
    assert.equal(settings.lifetimeMs, 1.5 * hourMs);
    assert.equal(settings.graceRatio, 0.2);
    assert.equal(settings.keyAlgorithm, 'rsa-2048');
    assert.equal(readSettings({ CA_ADDR: '127.0.0.1:1' }).caName, 'istiod.istio-system.svc');
  });

  it('refuses values that make no sense', () => {
    for (const env of [
      { CA_ADDR: 'istiod' },
      { CA_ADDR: ':15012' },
      { SECRET_TTL: 'soon' },
      { SECRET_GRACE_PERIOD_RATIO: '2' },
    ])
      assert.throws(() => readSettings(env), AgentError, JSON.stringify(env));
  });
});
