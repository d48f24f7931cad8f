import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Agent } from '@lateen/agent';
import { createLogger } from '@lateen/base';
import { createCertificateAuthority, splitCertificates } from '@lateen/identity';
import { resources, systemClock } from '@lateen/kube';
import { type ProxyServer, parseBootstrap, startProxy } from '@lateen/proxy';
import { proxyBootstrap } from './bootstrap/proxy-bootstrap.ts';
import { type ControlPlane, startControlPlane } from './testing/control-plane.ts';
import { until } from './testing/until.ts';
import { startWorkloadAgent } from './testing/workload-agent.ts';

/** A leaf of this life is renewed every five seconds: a machine that is busy for some is none too late. */
const secretTtl = '10s';
const rotation = { distributionMs: 6_000, overlapMs: 12_000 };

interface Clients {
  readonly clients: readonly { readonly connectionId: string; readonly connectedAt: string }[];
}

describe('certificates that change under a proxy', { timeout: 300_000 }, () => {
  let plane: ControlPlane;
  let agent: Agent;
  let proxy: ProxyServer;
  let proxyLog = '';
  const fileOf = (name: string): string => join(plane.folder, name);
  const encode = (text: string): string => Buffer.from(text).toString('base64');

  before(async () => {
    plane = await startControlPlane(['default/web'], { rootRotation: rotation });
    agent = await startWorkloadAgent(plane, { SERVICE_ACCOUNT: 'web', SECRET_TTL: secretTtl });
    const bootstrap = proxyBootstrap({
      pod: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace: 'default', name: 'web-1' },
        spec: { serviceAccountName: 'web', containers: [] },
      },
      role: 'sidecar',
      podAddress: '127.0.0.1',
      clusterId: 'Kubernetes',
      networkId: undefined,
      container: { name: 'istio-proxy' },
      appPorts: new Map(),
      discovery: { host: '127.0.0.1', port: plane.pilot.securePort },
      secretSocket: fileOf('sds'),
      adminSocket: fileOf('admin'),
    }) as { admin?: object; node: { metadata: Record<string, unknown> } };
    // Nothing of it shall listen: only its stream is of interest.
    delete bootstrap.admin;
    delete bootstrap.node.metadata['HTTP_PROXY_PORT'];
    proxy = await startProxy(await parseBootstrap(bootstrap as never), {
      log: createLogger({ clock: systemClock, sink: (line) => (proxyLog += line) }),
    });
  });

  after(async () => {
    await proxy.stop();
    agent.close();
    await plane.close();
  });

  /** Who is connected to istiod, by its status page. */
  const connections = (): Promise<readonly string[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    http
      .get(`http://127.0.0.1:${plane.pilot.httpPort}/debug/adsz`, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => {
          const { clients } = JSON.parse(text) as Clients;
          resolve(clients.map(({ connectionId }) => connectionId));
        });
      })
      .on('error', reject);
    return promise;
  };

  const leaf = (): X509Certificate => new X509Certificate(agent.secrets.certificate?.chain ?? '');
  const trusted = (): readonly string[] => splitCertificates(agent.secrets.roots ?? '');

  it('leaves and the root change, and no stream to istiod fails', async () => {
    await until('stream', async () => (await connections()).length === 1);
    const [oldRoot = ''] = trusted();
    const serials = new Set<string>();
    await until('three leaves', () => serials.add(leaf().serialNumber).size >= 3);

    const root = createCertificateAuthority({ commonName: 'plugged in' }, systemClock);
    const authority = root.createIntermediate({
      subject: { commonName: 'mesh' },
      lifetimeMs: 86_400_000,
    });
    await plane.client.create(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'istio-system', name: 'cacerts' },
      data: {
        'ca-cert.pem': encode(authority.certificate),
        'ca-key.pem': encode(authority.key),
        'root-cert.pem': encode(root.certificate),
        'cert-chain.pem': encode(authority.certificate + root.certificate),
      },
    } as never);

    await until('trust in both roots', () => trusted().includes(root.certificate));
    assert.ok(trusted().includes(oldRoot));
    // Nobody signs below the new root before everybody has had the time to hear of it.
    assert.ok(leaf().verify(new X509Certificate(oldRoot).publicKey));
    const signer = new X509Certificate(authority.certificate);
    await until('a leaf of the new authority', () => leaf().verify(signer.publicKey));
    await until('the end of the old root', () => !trusted().includes(oldRoot));
    assert.deepEqual(trusted(), [root.certificate]);
    const before = leaf().serialNumber;
    await until('one more leaf', () => leaf().serialNumber !== before);
    await until('stream', async () => (await connections()).length === 1);
    await plane.client.create(resources.services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name: 'late' },
      spec: { selector: { app: 'late' }, ports: [{ name: 'http', port: 80 }] },
    } as never);
    const late = 'outbound|80||late.default.svc.cluster.local';
    await until('a cluster over the last of the streams', () =>
      proxy.configuration.clusters.all.some(({ table }) => table.name === late),
    );
    // The proxy connects anew with each certificate; what fails is a warning.
    assert.doesNotMatch(proxyLog, /"level":"(warn|error)"/);
  });

  it('an authority that is broken is not taken over', async () => {
    const [root = ''] = trusted();
    await plane.client.patch(resources.secrets, {
      kind: 'merge',
      namespace: 'istio-system',
      name: 'cacerts',
      body: { data: { 'ca-key.pem': encode('nonsense') } },
    });
    const before = leaf().serialNumber;
    await until('one more leaf', () => leaf().serialNumber !== before);
    assert.deepEqual(trusted(), [root]);
  });
});
