import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import {
  certificateUris,
  createCertificateAuthority,
  createKeyPair,
  createSigningRequest,
} from '@lateen/identity';
import { resources, systemClock } from '@lateen/kube';
import { typeUrls, wildcardName } from '@lateen/xds';
import type { Pilot } from '../pilot.ts';
import { deltaTestClient, type TestNode } from '../testing/ads-test-client.ts';
import {
  type CertificateCall,
  createCertificate,
  namespaceOf,
  podOf,
  rootsIn,
  SecureFakeClient,
  secretOf,
  secureChannel,
  type TestCertificate,
  tokenOf,
} from '../testing/secure-mesh.ts';
import { anyPort, startTestPilot } from '../testing/test-pilot.ts';
import { until } from '../testing/until.ts';

const { UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT, UNAVAILABLE } = grpc.status;
const router = {
  namespace: 'istio-system',
  account: 'istio-ingressgateway-service-account',
  pod: 'gateway-1',
  address: '127.9.0.3',
};

const nodeOf = (
  type: 'sidecar' | 'router',
  [namespace, name, address]: readonly [string, string, string],
  metadata: Record<string, string> = {},
): TestNode => ({
  id: `${type}~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`,
  metadata: { NAMESPACE: namespace, NAME: name, INSTANCE_IPS: address, ...metadata },
});

describe('the secure port', () => {
  const client = new SecureFakeClient();
  let pilot: Pilot;
  let roots: string;

  const certificateOf = async (namespace: string, account: string): Promise<TestCertificate> =>
    createCertificate({
      port: pilot.securePort,
      channel: secureChannel(roots),
      token: await tokenOf(namespace, account),
    });

  before(async () => {
    for (const name of ['default', 'istio-system', 'other'])
      await client.create(resources.namespaces, namespaceOf(name));
    await client.create(resources.pods, podOf(['default', 'web-1'], '127.9.0.5', 'web'));
    await client.create(resources.pods, podOf(['default', 'bank-1'], '127.9.0.6', 'bank'));
    await client.create(resources.pods, podOf(['other', 'web-1'], '127.9.0.7', 'web'));
    const server = createCertificateAuthority({ commonName: 'shop' }, systemClock).issue({
      subject: { commonName: 'shop.example' },
      lifetimeMs: 3_600_000,
    });
    const tls = { 'tls.crt': server.certificate, 'tls.key': server.key };
    const authority = { 'ca.crt': server.certificate, 'ca.crl': 'revoked' };
    for (const namespace of ['istio-system', 'other'])
      await client.create(resources.secrets, secretOf(namespace, 'shop', { ...tls, ...authority }));
    await client.create(
      resources.secrets,
      secretOf('istio-system', 'mixed', { ...tls, 'tls.key': 'none' }),
    );
    client.secretReaders.add(`system:serviceaccount:istio-system:${router.account}`);
    pilot = await startTestPilot(client, { grpcAddress: anyPort, secureAddress: anyPort });
    roots = await rootsIn(client, 'default');
  });

  after(() => pilot.close());

  it('writes the roots into every namespace, also after they were changed there', async () => {
    assert.match(roots, /BEGIN CERTIFICATE/);
    assert.equal(await rootsIn(client, 'other'), roots);
    await client.patch(resources.configMaps, {
      kind: 'merge',
      name: 'istio-ca-root-cert',
      namespace: 'other',
      body: { data: { 'root-cert.pem': 'mine' } },
    });
    await until('roots as before', async () => (await rootsIn(client, 'other')) === roots);
  });

  it('gives the caller its own identity, whatever the request names; OpenSSL verifies it', async (t) => {
    const keys = await createKeyPair('ecdsa-p256');
    const greedy = 'spiffe://cluster.local/ns/istio-system/sa/istiod';
    const { chain, roots: answered } = await createCertificate({
      port: pilot.securePort,
      channel: secureChannel(roots),
      token: await tokenOf('default', 'web'),
      keys,
      csr: createSigningRequest(keys, [{ kind: 'uri', value: greedy }]),
      validitySeconds: 600,
    });
    assert.equal(answered, roots);
    const leaf = new X509Certificate(chain);
    assert.deepEqual(certificateUris(leaf.raw), ['spiffe://cluster.local/ns/default/sa/web']);
    assert.ok(leaf.publicKey.equals(keys.publicKey));
    assert.ok(Math.abs(leaf.validToDate.getTime() - Date.now() - 600_000) < 120_000);
    const folder = mkdtempSync(join(tmpdir(), 'lateen-ca-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'roots.pem'), roots);
    writeFileSync(join(folder, 'leaf.pem'), chain);
    const verdict = execFileSync(
      'openssl',
      ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', 'roots.pem', 'leaf.pem'],
      { cwd: folder, encoding: 'utf8' },
    );
    assert.match(verdict, /leaf.pem: OK/);
  });

  it('renews by the certificate alone, and the identity stays', async () => {
    const first = await certificateOf('default', 'web');
    const second = await createCertificate({
      port: pilot.securePort,
      channel: secureChannel(roots, first),
    });
    assert.deepEqual(certificateUris(second.chain), ['spiffe://cluster.local/ns/default/sa/web']);
    assert.notEqual(second.chain, first.chain);
    // A token of somebody else beside it changes nothing.
    const third = await createCertificate({
      port: pilot.securePort,
      channel: secureChannel(roots, first),
      token: await tokenOf('istio-system', 'istiod'),
    });
    assert.deepEqual(certificateUris(third.chain), ['spiffe://cluster.local/ns/default/sa/web']);
  });

  it('refuses strangers and nonsense, saying why', async () => {
    const stranger = createCertificateAuthority({ commonName: 'evil' }, systemClock).issue({
      subject: {},
      altNames: [{ kind: 'uri', value: 'spiffe://cluster.local/ns/default/sa/web' }],
      lifetimeMs: 3_600_000,
    });
    const good = await tokenOf('default', 'web');
    const channel = secureChannel(roots);
    const rows: readonly [string, Partial<CertificateCall>, grpc.status, RegExp][] = [
      ['no credentials', {}, UNAUTHENTICATED, /client certificate .* or a service account token/],
      [
        'a token for the API server',
        { token: await tokenOf('default', 'web', 'https://kubernetes.default.svc.cluster.local') },
        UNAUTHENTICATED,
        /audience istio-ca/,
      ],
      [
        'a token for somebody else',
        { token: await tokenOf('default', 'web', 'vault') },
        UNAUTHENTICATED,
        /audience istio-ca/,
      ],
      [
        'an expired token',
        { token: await tokenOf('default', 'web', 'istio-ca', -10_000) },
        UNAUTHENTICATED,
        /expired/,
      ],
      [
        'a changed token',
        { token: `${good.slice(0, -6)}AAAAAA` },
        UNAUTHENTICATED,
        /not one of this cluster/,
      ],
      ['a huge token', { token: 'x'.repeat(17_000) }, UNAUTHENTICATED, /too long|Unauthenticated/i],
      ['an API server that is away', { token: 'unreachable' }, UNAVAILABLE, /try again/],
      ['a request that is none', { token: good, csr: 'please' }, INVALID_ARGUMENT, /csr: .*PEM/],
      [
        'the name of another',
        { token: good, metadata: { ImpersonatedIdentity: 'spiffe://cluster.local/ns/a/sa/b' } },
        PERMISSION_DENIED,
        /impersonate/,
      ],
      ['a negative life', { token: good, validitySeconds: -1 }, INVALID_ARGUMENT, /negative/],
      [
        'a certificate of another authority',
        { channel: secureChannel(roots, { chain: stranger.certificate, key: stranger.key }) },
        UNAVAILABLE,
        /./,
      ],
      [
        'plaintext',
        {
          port: pilot.grpcPort,
          token: good,
          channel: { credentials: grpc.credentials.createInsecure() },
        },
        UNAUTHENTICATED,
        /over TLS only/,
      ],
    ];
    for (const [name, call, code, details] of rows)
      await assert.rejects(
        createCertificate({ port: pilot.securePort, channel, ...call }),
        (error: grpc.ServiceError) => {
          assert.equal(error.code, code, `${name}: ${error.message}`);
          assert.match(error.details, details, name);
          return true;
        },
      );
  });

  it('serves a proxy its own configuration, and nobody another one’s', async () => {
    const web = await certificateOf('default', 'web');
    const bank = await certificateOf('default', 'bank');
    const rows: readonly [string, TestNode, TestCertificate, RegExp | undefined][] = [
      ['itself', nodeOf('sidecar', ['default', 'web-1', '127.9.0.5']), web, undefined],
      [
        'itself, with its account',
        nodeOf('sidecar', ['default', 'bank-1', '127.9.0.6'], { SERVICE_ACCOUNT: 'bank' }),
        bank,
        undefined,
      ],
      [
        'a workload without a pod',
        nodeOf('sidecar', ['default', 'vm-1', '10.1.1.1']),
        web,
        undefined,
      ],
      [
        'another namespace',
        nodeOf('sidecar', ['other', 'web-1', '127.9.0.7']),
        web,
        /another namespace/,
      ],
      [
        'another namespace in the metadata',
        nodeOf('sidecar', ['default', 'web-1', '127.9.0.5'], { NAMESPACE: 'other' }),
        web,
        /another namespace/,
      ],
      [
        'another namespace in the id',
        {
          ...nodeOf('sidecar', ['other', 'web-1', '127.9.0.5']),
          metadata: { NAMESPACE: 'default' },
        },
        web,
        /another namespace/,
      ],
      [
        'another account',
        nodeOf('sidecar', ['default', 'web-1', '127.9.0.5'], { SERVICE_ACCOUNT: 'bank' }),
        web,
        /names service account "bank"/,
      ],
      [
        'the pod of another account',
        nodeOf('sidecar', ['default', 'bank-1', '127.9.0.9']),
        web,
        /pod default\/bank-1/,
      ],
      [
        'the address of another account',
        nodeOf('sidecar', ['default', 'web-1', '127.9.0.6']),
        web,
        /pod default\/bank-1/,
      ],
      [
        'the address of another namespace among its own',
        nodeOf('sidecar', ['default', 'web-1', '127.9.0.5'], {
          INSTANCE_IPS: '127.9.0.5,127.9.0.7',
        }),
        web,
        /pod other\/web-1/,
      ],
      [
        'a pod by metadata only',
        nodeOf('sidecar', ['default', 'web-1', '127.9.0.5'], { NAME: 'bank-1' }),
        web,
        /pod default\/bank-1/,
      ],
    ];
    for (const [name, node, own, problem] of rows) {
      const proxy = deltaTestClient(pilot.securePort, {
        ...node,
        channel: secureChannel(roots, own),
      });
      proxy.connect();
      proxy.subscribe(typeUrls.cluster, wildcardName);
      if (problem === undefined) await proxy.next(`clusters for ${name}`);
      else {
        await proxy.until(`end of ${name}`, () => proxy.ended !== undefined);
        assert.equal(proxy.ended?.code, PERMISSION_DENIED, name);
        assert.match(proxy.ended?.details ?? '', problem, name);
        assert.equal(proxy.received.length, 0, name);
      }
      proxy.close();
    }
  });

  it('hands a gateway the secrets of its namespace, if its account may read them', async () => {
    const gateway = await certificateOf(router.namespace, router.account);
    const poor = await certificateOf('other', 'web');
    const names = [
      'kubernetes://shop',
      'kubernetes://shop-cacert',
      'kubernetes://istio-system/shop',
      'kubernetes://other/shop',
      'kubernetes://mixed',
      'kubernetes://istio-ca-secret',
      'kubernetes://cacerts',
      'kubernetes://../other/shop',
      'default',
    ];
    const ask = async (node: TestNode, own: TestCertificate): Promise<readonly string[]> => {
      const proxy = deltaTestClient(pilot.securePort, {
        ...node,
        channel: secureChannel(roots, own),
      });
      proxy.connect();
      proxy.subscribe(typeUrls.secret, ...names);
      // What it may not have never comes: the answer to the next type shows that all came.
      proxy.subscribe(typeUrls.cluster, wildcardName);
      await proxy.until('clusters', () => proxy.received.some(({ type }) => type === 'CDS'));
      proxy.close();
      return proxy.names('SDS');
    };
    const node = nodeOf('router', [router.namespace, router.pod, router.address]);
    assert.deepEqual(await ask(node, gateway), [
      'kubernetes://istio-system/shop',
      'kubernetes://shop',
      'kubernetes://shop-cacert',
    ]);
    // As a sidecar, and as a router whose account may read no secrets.
    const sidecar = nodeOf('sidecar', [router.namespace, router.pod, router.address]);
    assert.deepEqual(await ask(sidecar, gateway), []);
    assert.deepEqual(await ask(nodeOf('router', ['other', 'web-1', '127.9.0.7']), poor), []);
  });

  it('sends a gateway a secret that has changed', async () => {
    const own = await certificateOf(router.namespace, router.account);
    const node = nodeOf('router', [router.namespace, router.pod, router.address]);
    const proxy = deltaTestClient(pilot.securePort, {
      ...node,
      channel: secureChannel(roots, own),
    });
    proxy.connect();
    proxy.subscribe(typeUrls.secret, 'kubernetes://shop-cacert');
    await proxy.next('the secret');
    const before = proxy.resources.get('SDS kubernetes://shop-cacert');
    await client.patch(resources.secrets, {
      kind: 'merge',
      name: 'shop',
      namespace: 'istio-system',
      body: { data: { 'ca.crt': Buffer.from('another').toString('base64') } },
    });
    await proxy.next('the changed secret');
    assert.notDeepEqual(proxy.resources.get('SDS kubernetes://shop-cacert'), before);
    proxy.close();
  });
});
