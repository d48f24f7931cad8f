import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { KubeObject, Secret } from '@lateen/api';
import { ManualClock, silentLogger } from '@lateen/base';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createKeyPair,
} from '@lateen/identity';
import { FakeKubeClient, Informer, resources, systemClock } from '@lateen/kube';
import { PilotError } from '../pilot-error.ts';
import { secretOf } from '../testing/secure-mesh.ts';
import { MeshAuthority, type PublishedRoot } from './mesh-authority.ts';

const rotation = { distributionMs: 60_000, overlapMs: 3_600_000 };
const web = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'web' };

describe('the authority of a mesh', () => {
  let clock: ManualClock;
  let client: FakeKubeClient;
  let stop: AbortController;
  const started: MeshAuthority[] = [];

  beforeEach(() => {
    clock = new ManualClock(Date.now());
    client = new FakeKubeClient();
    stop = new AbortController();
  });

  afterEach(() => {
    for (const authority of started.splice(0)) authority.stop();
    stop.abort();
  });

  const start = async (published: readonly PublishedRoot[] = []): Promise<MeshAuthority> => {
    const secrets = new Informer<KubeObject>({
      client,
      clock: systemClock,
      log: silentLogger,
      jitter: () => 0,
      resource: resources.secrets,
    });
    void secrets.run(stop.signal);
    await secrets.synced;
    const authority = new MeshAuthority({
      client,
      clock,
      log: silentLogger,
      secrets,
      rootNamespace: 'istio-system',
      trustDomain: () => 'cluster.local',
      rotation,
    });
    started.push(authority);
    await authority.start(published);
    return authority;
  };

  const plug = async (root: CertificateAuthority): Promise<void> => {
    const files = { 'ca-cert.pem': root.certificate, 'ca-key.pem': root.key };
    await client.create<Secret>(resources.secrets, secretOf('istio-system', 'cacerts', files));
  };

  /** Resolves with the next change of the authority; what the informer hears comes a few turns later. */
  const nextChange = async (authority: MeshAuthority): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const remove = authority.onChange(() => resolve());
    await promise.finally(remove);
  };

  const isSignedBelow = async (authority: MeshAuthority, root: string): Promise<boolean> => {
    const { publicKey } = await createKeyPair('ecdsa-p256');
    const [leaf = ''] = authority.signWorkload(publicKey, web);
    return new X509Certificate(leaf).verify(new X509Certificate(root).publicKey);
  };

  it('is made once and found again by every other istiod', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    const third = await start();
    assert.equal(first.roots.length, 1);
    assert.deepEqual(second.roots, first.roots);
    assert.deepEqual(third.roots, first.roots);
  });

  it('trusts a new root at once, signs below it later, and drops the old one last', async () => {
    const authority = await start();
    const [old = ''] = authority.roots;
    const root = createCertificateAuthority({ commonName: 'new' }, clock);
    const changed = nextChange(authority);
    await plug(root);
    await changed;
    assert.deepEqual(authority.roots, [old, root.certificate]);
    assert.ok(await isSignedBelow(authority, old));
    clock.advance(rotation.distributionMs - 1);
    assert.ok(await isSignedBelow(authority, old));
    clock.advance(1);
    assert.ok(await isSignedBelow(authority, root.certificate));
    assert.deepEqual(authority.roots, [root.certificate, old]);
    clock.advance(rotation.overlapMs);
    assert.deepEqual(authority.roots, [root.certificate]);
  });

  it('keeps roots over a restart: those on their way out until their end, others for the overlap', async () => {
    await plug(createCertificateAuthority({ commonName: 'now' }, clock));
    const [retiring, gone, used] = ['retiring', 'gone', 'used'].map(
      (commonName) => createCertificateAuthority({ commonName }, clock).certificate,
    );
    assert.ok(retiring && gone && used);
    const authority = await start([
      { root: retiring, untilMs: clock.nowMs() + 1_000 },
      { root: gone, untilMs: clock.nowMs() - 1 },
      { root: used },
    ]);
    assert.deepEqual(authority.roots.slice(1), [retiring, used]);
    clock.advance(1_000);
    assert.deepEqual(authority.roots.slice(1), [used]);
    clock.advance(rotation.overlapMs);
    assert.equal(authority.roots.length, 1);
  });

  it('an intermediate below the same root signs at once', async () => {
    const root = createCertificateAuthority({ commonName: 'root' }, clock);
    await plug(root);
    const authority = await start();
    const subject = { commonName: 'intermediate' };
    const signing = root.createIntermediate({ subject, lifetimeMs: 86_400_000 });
    const changed = nextChange(authority);
    const { data } = secretOf('istio-system', 'cacerts', {
      'ca-cert.pem': signing.certificate,
      'ca-key.pem': signing.key,
      'root-cert.pem': root.certificate,
      'cert-chain.pem': signing.certificate,
    });
    const ref = { name: 'cacerts', namespace: 'istio-system' };
    await client.patch(resources.secrets, { kind: 'merge', ...ref, body: { data } });
    await changed;
    assert.ok(await isSignedBelow(authority, signing.certificate));
    assert.deepEqual(authority.roots, [root.certificate]);
  });

  it('renews a self-signed root in the last fifth of its life', async () => {
    const hourMs = 3_600_000;
    const brief = createCertificateAuthority({ commonName: 'above' }, clock).createIntermediate({
      subject: { organizations: ['cluster.local'] },
      lifetimeMs: 100 * hourMs,
    });
    const files = { 'ca-cert.pem': brief.certificate, 'ca-key.pem': brief.key };
    const secret = secretOf('istio-system', 'istio-ca-secret', files);
    await client.create(resources.secrets, secret);
    const authority = await start();
    const [old = ''] = authority.roots;
    assert.equal(old, brief.certificate);
    clock.advance(79 * hourMs);
    assert.deepEqual(authority.roots, [old]);
    const changed = nextChange(authority);
    clock.advance(2 * hourMs);
    await changed;
    const [, young = ''] = authority.roots;
    assert.ok(await isSignedBelow(authority, old));
    clock.advance(rotation.distributionMs);
    assert.ok(await isSignedBelow(authority, young));
    assert.deepEqual(authority.roots, [young, old]);
  });

  it('goes on from memory when its Secret is taken away', async () => {
    const authority = await start();
    const { roots } = authority;
    const ref = { name: 'istio-ca-secret', namespace: 'istio-system' };
    await client.delete(resources.secrets, ref);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    assert.deepEqual(authority.roots, roots);
    assert.ok(await isSignedBelow(authority, roots[0] ?? ''));
  });

  it('does not start with one that cannot be used, and says what is wrong with it', async () => {
    const root = createCertificateAuthority({ commonName: 'root' }, clock);
    const other = createCertificateAuthority({ commonName: 'other' }, clock);
    await plug({ ...root, key: other.key });
    await assert.rejects(start(), (error) => {
      assert.ok(error instanceof PilotError && error.code === 'bad-authority');
      assert.match(error.message, /istio-system\/cacerts: .*ca-key\.pem.*does not belong/);
      assert.doesNotMatch(error.message, /PRIVATE/);
      return true;
    });
  });
});
