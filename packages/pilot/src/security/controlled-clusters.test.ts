import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { certificateUris } from '@lateen/identity';
import { KubeError, resources } from '@lateen/kube';
import { typeUrls, wildcardName } from '@lateen/xds';
import type { Pilot } from '../pilot.ts';
import { deltaTestClient, type TestNode } from '../testing/ads-test-client.ts';
import { sliceOf } from '../testing/mesh-objects.ts';
import {
  createCertificate,
  namespaceOf,
  podOf,
  rootsIn,
  SecureFakeClient,
  secretOf,
  secureChannel,
  type TestCertificate,
} from '../testing/secure-mesh.ts';
import { anyPort, startTestPilot } from '../testing/test-pilot.ts';
import { until } from '../testing/until.ts';

const { UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE } = grpc.status;
const gatewayAccount = 'istio-ingressgateway-service-account';
const rootNamespace = 'istio-system';

const nodeOf = (
  cluster: string,
  [namespace, name, address]: readonly [string, string, string],
  type = 'sidecar',
): TestNode => ({
  id: `${type}~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`,
  metadata: { NAMESPACE: namespace, NAME: name, INSTANCE_IPS: address, CLUSTER_ID: cluster },
});

const controlledBy = (clusters: string) => ({
  ...namespaceOf(rootNamespace),
  metadata: {
    name: rootNamespace,
    annotations: { 'topology.istio.io/controlPlaneClusters': clusters },
  },
});

/** The Secret that has a control plane read other clusters; each kubeconfig is one word here. */
const remotesOf = (kubeconfigs: Readonly<Record<string, string>>) => ({
  ...secretOf(rootNamespace, 'remotes', kubeconfigs),
  metadata: {
    name: 'remotes',
    namespace: rootNamespace,
    labels: { 'istio/multiCluster': 'true' },
  },
});

describe('a cluster under the control plane of another', () => {
  const near = new SecureFakeClient();
  const far = new SecureFakeClient('own tokens');
  const lonely = new SecureFakeClient('own tokens');
  const moved = new SecureFakeClient('own tokens');
  const servers: Readonly<Record<string, SecureFakeClient>> = { far, lonely, moved };
  let pilot: Pilot;
  let roots: string;

  const certificateOf = async (
    client: SecureFakeClient,
    cluster: string | undefined,
    [namespace, account]: readonly [string, string],
  ): Promise<TestCertificate> =>
    createCertificate({
      port: pilot.securePort,
      channel: secureChannel(roots),
      token: await client.tokenOf(namespace, account),
      ...(cluster !== undefined && { cluster }),
    });

  const rootsOf = (client: SecureFakeClient, namespace: string): Promise<string> =>
    rootsIn(client, namespace).catch(() => '');

  before(async () => {
    for (const client of [near, far, lonely])
      await client.create(resources.namespaces, namespaceOf('default'));
    await near.create(resources.namespaces, namespaceOf(rootNamespace));
    await far.create(resources.namespaces, controlledBy('west, near'));
    await lonely.create(resources.namespaces, controlledBy('west'));
    // Networks of their own: one name and one address, and two pods.
    await near.create(resources.pods, podOf(['default', 'web-0'], '10.0.0.5', 'web'));
    await far.create(resources.pods, podOf(['default', 'web-0'], '10.0.0.9', 'shop'));
    await far.create(resources.pods, podOf(['default', 'shop-0'], '10.0.0.6', 'shop'));
    const tls = { 'ca.crt': 'of the far cluster' };
    await far.create(resources.secrets, secretOf(rootNamespace, 'edge', tls));
    far.secretReaders.add(`system:serviceaccount:${rootNamespace}:${gatewayAccount}`);
    await near.create(resources.secrets, remotesOf({ far: 'far', lonely: 'lonely' }));
    pilot = await startTestPilot(near, {
      clusterId: 'near',
      connect: (text) => servers[text] ?? assert.fail(text),
      secureAddress: anyPort,
    });
    roots = await rootsIn(near, 'default');
  });

  after(() => pilot.close());

  it('has the roots of the mesh in its namespaces, and others have not', async () => {
    await until('roots in the far cluster', async () => (await rootsOf(far, 'default')) === roots);
    await far.create(resources.namespaces, namespaceOf('new'));
    await until('roots in a new namespace', async () => (await rootsOf(far, 'new')) === roots);
    assert.equal(await rootsOf(lonely, 'default'), '');
  });

  it('vouches for the tokens of its workloads, and nobody else does', async () => {
    const { chain } = await certificateOf(far, 'far', ['default', 'shop']);
    assert.deepEqual(certificateUris(chain), ['spiffe://cluster.local/ns/default/sa/shop']);
    const rows: readonly [string, SecureFakeClient, string | undefined, grpc.status, RegExp][] = [
      ['a token of the far cluster', far, undefined, UNAUTHENTICATED, /not one of this cluster/],
      ['the wrong cluster', far, 'near', UNAUTHENTICATED, /not one of cluster "near"/],
      ['a token of the near cluster', near, 'far', UNAUTHENTICATED, /not one of cluster "far"/],
      ['a cluster nobody knows', far, 'west', UNAUTHENTICATED, /"west" is not one of this control/],
    ];
    for (const [name, client, cluster, code, details] of rows)
      await assert.rejects(
        certificateOf(client, cluster, ['default', 'shop']),
        (error: grpc.ServiceError) => {
          assert.equal(error.code, code, name);
          assert.match(error.details, details, name);
          return true;
        },
      );
  });

  it('says which of its pods a proxy is', async () => {
    const shop = await certificateOf(far, 'far', ['default', 'shop']);
    const rows: readonly [string, TestNode, RegExp | undefined][] = [
      ['its pod', nodeOf('far', ['default', 'shop-0', '10.0.0.6']), undefined],
      [
        'an address of the near cluster',
        nodeOf('far', ['default', 'shop-0', '10.0.0.5']),
        undefined,
      ],
      ['a name of the near cluster', nodeOf('far', ['default', 'web-0', '10.0.0.9']), undefined],
      ['a pod there', nodeOf('near', ['default', 'web-0', '10.0.0.9']), /pod default\/web-0/],
    ];
    for (const [name, node, problem] of rows) {
      const channel = secureChannel(roots, shop);
      const proxy = deltaTestClient(pilot.securePort, { ...node, channel });
      proxy.connect();
      proxy.subscribe(typeUrls.cluster, wildcardName);
      if (problem === undefined) await proxy.next(`clusters for ${name}`);
      else {
        await proxy.until(`end of ${name}`, () => proxy.ended !== undefined);
        assert.equal(proxy.ended?.code, PERMISSION_DENIED, name);
        assert.match(proxy.ended?.details ?? '', problem, name);
      }
      proxy.close();
    }
  });

  it('has its gateways’ Secrets itself, and its own say who may read them', async () => {
    const name = 'kubernetes://edge-cacert';
    const ask = async (cluster: string): Promise<readonly string[]> => {
      const own = await certificateOf(cluster === 'far' ? far : near, cluster, [
        rootNamespace,
        gatewayAccount,
      ]);
      const node = nodeOf(cluster, [rootNamespace, 'gateway-0', '10.0.0.7'], 'router');
      const channel = secureChannel(roots, own);
      const proxy = deltaTestClient(pilot.securePort, { ...node, channel });
      proxy.connect();
      proxy.subscribe(typeUrls.secret, name);
      proxy.subscribe(typeUrls.cluster, wildcardName);
      await proxy.until('clusters', () => proxy.received.some(({ type }) => type === 'CDS'));
      proxy.close();
      return proxy.names('SDS');
    };
    assert.deepEqual(await ask('far'), [name]);
    assert.deepEqual(await ask('near'), []);
  });

  it('is read with another kubeconfig without anything being taken away', async () => {
    const own = await certificateOf(far, 'far', [rootNamespace, gatewayAccount]);
    const node = nodeOf('far', [rootNamespace, 'gateway-0', '10.0.0.7'], 'router');
    const channel = secureChannel(roots, own);
    const gateway = deltaTestClient(pilot.securePort, { ...node, channel });
    gateway.connect();
    gateway.subscribe(typeUrls.secret, 'kubernetes://edge-cacert');
    gateway.subscribe(typeUrls.cluster, wildcardName);
    await gateway.until('its Secret', () => gateway.names('SDS').length === 1);
    moved.secretReaders.add(`system:serviceaccount:${rootNamespace}:${gatewayAccount}`);
    await moved.create(resources.namespaces, controlledBy('near'));
    await moved.create(resources.secrets, secretOf(rootNamespace, 'edge', { 'ca.crt': 'moved' }));
    const { data } = secretOf(rootNamespace, 'remotes', { far: 'moved', lonely: 'lonely' });
    const change = { kind: 'merge', name: 'remotes', namespace: rootNamespace } as const;
    await near.patch(resources.secrets, { ...change, body: { data } });
    const contentOf = (): string =>
      Buffer.from(gateway.resources.get('SDS kubernetes://edge-cacert') ?? []).toString();
    await gateway.until('the Secret of there', () => contentOf().includes('moved'));
    assert.deepEqual(
      gateway.received.flatMap(({ type, removed }) => (type === 'SDS' ? removed : [])),
      [],
    );
    assert.equal(gateway.ended, undefined);
    gateway.close();
    const back = secretOf(rootNamespace, 'remotes', { far: 'far', lonely: 'lonely' });
    await near.patch(resources.secrets, { ...change, body: { data: back.data } });
    await until('tokens of the far cluster', async () =>
      certificateOf(far, 'far', ['default', 'shop']).then(
        () => true,
        () => false,
      ),
    );
  });

  it('is let go with its Secret; what it has stays there', async () => {
    const shop = await certificateOf(far, 'far', ['default', 'shop']);
    const channel = secureChannel(roots, shop);
    const node = nodeOf('far', ['default', 'shop-0', '10.0.0.6']);
    const proxy = deltaTestClient(pilot.securePort, { ...node, channel });
    proxy.connect();
    proxy.subscribe(typeUrls.cluster, wildcardName);
    await proxy.next('clusters');
    const had = proxy.received.length;
    await near.delete(resources.secrets, { name: 'remotes', namespace: rootNamespace });
    await until('the end', async () => {
      const error = await certificateOf(far, 'far', ['default', 'shop']).catch((one) => one);
      return error instanceof Error && /not one of this control plane/.test(error.message);
    });
    assert.equal(await rootsOf(far, 'default'), roots);
    // Its proxies are not told that they serve nothing now.
    await proxy.until('the end of its stream', () => proxy.ended !== undefined);
    assert.equal(proxy.ended?.code, UNAVAILABLE);
    assert.equal(proxy.received.length, had);
    proxy.close();
  });
});

describe('a control plane that starts while another cluster is away', () => {
  it('serves its own proxies and lets those of the other keep what they have', async (t) => {
    const near = new SecureFakeClient();
    const far = new SecureFakeClient('own tokens');
    for (const client of [near, far])
      await client.create(resources.namespaces, namespaceOf(rootNamespace));
    await far.create(resources.endpointSlices, sliceOf('reviews', '10.0.0.9'));
    far.failure = new KubeError('unreachable', 'connection refused');
    await near.create(resources.secrets, remotesOf({ far: 'far' }));
    const pilot = await startTestPilot(near, {
      clusterId: 'near',
      connect: () => far,
      secureAddress: anyPort,
    });
    t.after(() => pilot.close());
    const own = await createCertificate({
      port: pilot.securePort,
      channel: secureChannel(await rootsIn(near, rootNamespace)),
      token: await near.tokenOf('default', 'web'),
    });
    const channel = secureChannel(await rootsIn(near, rootNamespace), own);
    const connect = (cluster: string) => {
      const node = nodeOf(cluster, ['default', 'web-0', '10.0.0.5']);
      const proxy = deltaTestClient(pilot.securePort, { ...node, channel });
      t.after(() => proxy.close());
      proxy.connect();
      proxy.subscribe(typeUrls.cluster, wildcardName);
      return proxy;
    };
    await connect('near').next('clusters');
    const refused = connect('far');
    await refused.until('a refusal', () => refused.ended !== undefined);
    assert.equal(refused.ended?.code, UNAVAILABLE);
    assert.match(refused.ended?.details ?? '', /"far": its API server has not been read yet/);
    far.failure = undefined;
    await until('service for the far cluster', async () => {
      const again = connect('far');
      await again.until('an answer', () => again.ended !== undefined || again.received.length > 0);
      return again.received.length > 0;
    });
  });
});
