import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { splitCertificates } from '@lateen/identity';
import { resources } from '@lateen/kube';
import type { Pilot } from '../pilot.ts';
import {
  createCertificate,
  namespaceOf,
  rootsIn,
  SecureFakeClient,
  secureChannel,
  type TestCertificate,
  tokenOf,
} from '../testing/secure-mesh.ts';
import { anyPort, startTestPilot } from '../testing/test-pilot.ts';
import { until } from '../testing/until.ts';

const systemNamespace = 'istio-system';

/** A mesh with a root of its own: an API server in memory and an istiod. */
class Mesh {
  readonly client = new SecureFakeClient();
  readonly trustDomain: string;
  pilot: Pilot | undefined;

  constructor(trustDomain: string) {
    this.trustDomain = trustDomain;
  }

  async start(): Promise<void> {
    this.pilot = await startTestPilot(this.client, { secureAddress: anyPort });
  }

  async create(): Promise<void> {
    for (const name of ['default', systemNamespace])
      await this.client.create(resources.namespaces, namespaceOf(name));
    await this.client.create(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio', namespace: systemNamespace },
      data: { mesh: JSON.stringify({ trustDomain: this.trustDomain }) },
    } as never);
    await this.start();
  }

  roots(): Promise<string> {
    return rootsIn(this.client, 'default');
  }

  async configure(fields: object): Promise<void> {
    const mesh = JSON.stringify({ trustDomain: this.trustDomain, ...fields });
    await this.client.patch(resources.configMaps, {
      kind: 'merge',
      name: 'istio',
      namespace: systemNamespace,
      body: { data: { mesh } },
    });
  }

  /** Resolves when so many roots are published. */
  async untilRoots(count: number): Promise<void> {
    await until(
      `${count} roots`,
      async () => splitCertificates(await this.roots()).length === count,
    );
  }

  async certificateOf(account: string): Promise<TestCertificate & { readonly roots: string }> {
    return createCertificate({
      port: this.pilot?.securePort ?? 0,
      channel: secureChannel(await this.roots()),
      token: await tokenOf('default', account),
    });
  }
}

/** Whether two workloads with certificates accept each other: mutual TLS without names. */
const canTalk = async (
  client: TestCertificate & { readonly roots: string },
  server: TestCertificate & { readonly roots: string },
): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const contextOf = ({ chain, key, roots }: typeof client): tls.SecureContextOptions => ({
    cert: chain,
    key,
    ca: splitCertificates(roots) as string[],
  });
  const listener = tls.createServer(
    { ...contextOf(server), requestCert: true, rejectUnauthorized: true },
    (socket) => socket.on('error', () => undefined).end('accepted'),
  );
  listener.on('tlsClientError', () => resolve(false));
  listener.listen(0, '127.0.0.1', () => {
    const { port } = listener.address() as AddressInfo;
    const options = { ...contextOf(client), checkServerIdentity: () => undefined };
    const socket = tls.connect({ port, host: '127.0.0.1', ...options });
    socket.on('data', (data) => resolve(String(data) === 'accepted'));
    socket.on('error', () => resolve(false));
  });
  return promise.finally(() => listener.close());
};

describe('two meshes with roots of their own', { timeout: 180_000 }, () => {
  const west = new Mesh('west');
  const east = new Mesh('east');

  before(async () => {
    await Promise.all([west.create(), east.create()]);
    await Promise.all([west.untilRoots(1), east.untilRoots(1)]);
  });

  after(async () => {
    await Promise.all([west.pilot?.close(), east.pilot?.close()]);
  });

  const workloads = () => Promise.all([west.certificateOf('web'), east.certificateOf('web')]);

  it('refuse each other', async () => {
    const [left, right] = await workloads();
    assert.equal(await canTalk(left, left), true);
    assert.equal(await canTalk(left, right), false);
    assert.equal(await canTalk(right, left), false);
  });

  it('accept each other once both have the other’s root and trust domain', async () => {
    const [westRoot, eastRoot] = await Promise.all([west.roots(), east.roots()]);
    await west.configure({ trustDomainAliases: ['east'], caCertificates: [{ pem: eastRoot }] });
    await west.untilRoots(2);
    const [left, right] = await workloads();
    // One side is not enough.
    assert.equal(await canTalk(left, right), false);
    await east.configure({
      trustDomainAliases: ['west'],
      caCertificates: [{ pem: westRoot, trustDomains: ['west'] }],
    });
    await east.untilRoots(2);
    const [one, other] = await workloads();
    assert.equal(await canTalk(one, other), true);
    assert.equal(await canTalk(other, one), true);
    assert.equal(await west.roots(), westRoot + eastRoot);
    assert.equal(one.roots, westRoot + eastRoot);
  });

  it('their control planes do not: certificates of the other mesh prove nothing there', async () => {
    const foreign = await east.certificateOf('web');
    await assert.rejects(
      createCertificate({
        port: west.pilot?.securePort ?? 0,
        channel: secureChannel(await west.roots(), foreign),
      }),
    );
    await west.pilot?.close();
    // Nor after a restart, when the foreign root is among those that were published.
    await west.start();
    await assert.rejects(
      createCertificate({
        port: west.pilot?.securePort ?? 0,
        channel: secureChannel(await west.roots(), foreign),
      }),
    );
    const [left, right] = await workloads();
    assert.equal(await canTalk(left, right), true);
  });

  it('refuse each other again when one takes its trust back', async () => {
    await west.configure({ trustDomainAliases: ['east'] });
    await west.untilRoots(1);
    const [left, right] = await workloads();
    assert.equal(await canTalk(left, right), false);
    assert.equal(await canTalk(right, left), false);
  });

  it('keep a root out that is for names nobody here accepts', async () => {
    const pem = await east.roots();
    await west.configure({ caCertificates: [{ pem, trustDomains: ['north'] }] });
    await west.configure({ caCertificates: [{ pem, trustDomains: ['north', 'west'] }] });
    await west.untilRoots(2);
    await west.configure({ caCertificates: [{ pem, trustDomains: ['north'] }] });
    await west.untilRoots(1);
  });
});
