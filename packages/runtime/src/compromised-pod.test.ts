import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Agent } from '@lateen/agent';
import { certificateUris, createCertificateAuthority } from '@lateen/identity';
import { resources, systemClock } from '@lateen/kube';
import { type ControlPlane, type Credentials, startControlPlane } from './testing/control-plane.ts';
import { startWorkloadAgent } from './testing/workload-agent.ts';

const gatewayAccount = 'istio-ingressgateway-service-account';

/** Who asks, as the table names it. */
type Sender = 'nobody' | 'token' | 'istio-ca token' | 'certificate' | 'gateway' | 'istiod';

const core = (namespace: string, rest: string): string => `/api/v1/namespaces/${namespace}/${rest}`;
const rbac = '/apis/rbac.authorization.k8s.io/v1';

/** Frames of HTTP/2 begin with a length below 2^16. */
const isLetIn = (output: string): boolean => output.includes('\0\0');

describe('a compromised pod', { timeout: 300_000 }, () => {
  let plane: ControlPlane;
  let agent: Agent;
  const senders = new Map<Sender, Credentials>();
  const fileOf = (name: string): string => join(plane.folder, name);

  before(async () => {
    plane = await startControlPlane(['default/web', 'default/bank']);
    for (const [namespace, name] of [
      ['istio-system', 'shop-tls'],
      ['default', 'password'],
    ] as const)
      await plane.client.create(resources.secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace, name },
      });
    const web = { namespace: 'default', name: 'web' };
    const claimed = { POD_NAMESPACE: 'istio-system', SERVICE_ACCOUNT: 'istiod' };
    agent = await startWorkloadAgent(plane, claimed);
    await agent.certified;
    const { certificate } = agent.secrets;
    senders.set('nobody', {});
    senders.set('token', { token: await plane.tokenOf(web) });
    senders.set('istio-ca token', {
      token: await plane.tokenOf({ ...web, audience: 'istio-ca' }),
    });
    senders.set('certificate', { ...(certificate && { certificate }) });
    const gateway = { namespace: 'istio-system', name: gatewayAccount };
    senders.set('gateway', { token: await plane.tokenOf(gateway) });
    const istiod = { namespace: 'istio-system', name: 'istiod' };
    senders.set('istiod', { token: await plane.tokenOf(istiod) });
  });

  after(async () => {
    agent.close();
    await plane.close();
  });

  it('gets a certificate for what it is, whatever it claims to be', () => {
    assert.deepEqual(certificateUris(agent.secrets.certificate?.chain ?? ''), [
      'spiffe://cluster.local/ns/default/sa/web',
    ]);
  });

  it('may nothing at the API server, with a token or a certificate', async () => {
    const attempts: readonly (readonly [string, string, object?])[] = [
      ['GET', core('default', 'secrets')],
      ['GET', core('default', 'secrets/password')],
      ['GET', core('istio-system', 'secrets')],
      ['GET', core('istio-system', 'secrets/istio-ca-secret')],
      ['GET', '/api/v1/secrets?watch=true'],
      ['GET', core('istio-system', 'configmaps/istio')],
      [
        'PATCH',
        core('default', 'configmaps/istio-ca-root-cert'),
        { data: { 'root-cert.pem': 'x' } },
      ],
      ['GET', core('default', 'pods')],
      ['POST', core('default', 'pods'), { metadata: { name: 'x' }, spec: { containers: [] } }],
      ['POST', core('istio-system', 'pods/istiod/exec?command=id')],
      ['POST', core('istio-system', 'serviceaccounts/istiod/token'), { spec: {} }],
      [
        'POST',
        core('default', 'serviceaccounts/bank/token'),
        { spec: { audiences: ['istio-ca'] } },
      ],
      ['POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } }],
      ['POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: 'x' } }],
      ['POST', `${rbac}/clusterrolebindings`, { metadata: { name: 'mine' } }],
      ['GET', `${rbac}/namespaces/istio-system/roles`],
      ['DELETE', '/apis/apps/v1/namespaces/default/deployments/bank'],
      ['DELETE', '/api/v1/namespaces/default'],
    ];
    const codes: readonly [Sender, number][] = [
      ['nobody', 401],
      ['istio-ca token', 401],
      ['certificate', 401],
      ['token', 403],
    ];
    for (const [method, path, body] of attempts)
      for (const [sender, code] of codes)
        assert.equal(
          await plane.ask(method, path, senders.get(sender) ?? {}, body),
          code,
          `${sender}: ${method} ${path}`,
        );
  });

  it('a gateway may read the secrets of its namespace and nothing else', async () => {
    const rows: readonly [string, string, number][] = [
      ['GET', core('istio-system', 'secrets/shop-tls'), 200],
      ['GET', core('default', 'secrets/password'), 403],
      ['GET', '/api/v1/secrets', 403],
      ['DELETE', core('istio-system', 'secrets/shop-tls'), 403],
      ['GET', core('istio-system', 'pods'), 403],
      ['GET', core('istio-system', 'configmaps'), 403],
    ];
    for (const [method, path, code] of rows)
      assert.equal(
        await plane.ask(method, path, senders.get('gateway') ?? {}),
        code,
        `${method} ${path}`,
      );
  });

  it('istiod itself may write its roots and little else', async () => {
    const roots = core('default', 'configmaps/istio-ca-root-cert');
    const rows: readonly [string, string, number, object?][] = [
      ['GET', core('default', 'secrets/password'), 200],
      ['GET', roots, 200],
      ['DELETE', roots, 403],
      ['POST', core('default', 'configmaps'), 403, { metadata: { name: 'x' } }],
      ['DELETE', core('default', 'secrets/password'), 403],
      ['POST', core('default', 'secrets'), 403, { metadata: { name: 'x' } }],
      ['POST', core('default', 'pods'), 403, { metadata: { name: 'x' } }],
      ['DELETE', core('istio-system', 'secrets/istio-ca-secret'), 403],
      ['POST', core('default', 'serviceaccounts/bank/token'), 403, { spec: {} }],
      ['POST', `${rbac}/clusterrolebindings`, 403, { metadata: { name: 'mine' } }],
    ];
    for (const [method, path, code, body] of rows)
      assert.equal(
        await plane.ask(method, path, senders.get('istiod') ?? {}, body),
        code,
        `${method} ${path}`,
      );
  });

  /** OpenSSL's client at istiod's port; everything it printed. */
  const sClient = (...args: readonly string[]): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const address = `127.0.0.1:${plane.pilot.securePort}`;
    const child = execFile(
      'openssl',
      ['s_client', '-connect', address, '-alpn', 'h2', '-CAfile', fileOf('roots.pem'), ...args],
      { timeout: 60_000 },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
    let seen = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1');
      // It would stay connected: what was to be seen has been seen.
      if (seen.includes('Verify return code') || isLetIn(seen)) child.kill();
    });
    // HTTP/2's preface and an empty SETTINGS frame: an answer shows that we were let in.
    child.stdin?.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
    return promise;
  };

  it('shows OpenSSL a certificate with istiod’s name, over TLS 1.2 and 1.3 only', async () => {
    const name = ['-verify_hostname', 'istiod.istio-system.svc', '-verify_return_error'];
    for (const version of ['-tls1_2', '-tls1_3'])
      assert.match(await sClient(...name, version, '-no_ign_eof'), /Verify return code: 0 \(ok\)/);
    assert.match(await sClient('-verify_hostname', 'bank.default.svc'), /[Hh]ostname mismatch/);
    for (const version of ['-tls1', '-tls1_1'])
      assert.match(
        await sClient(version, '-cipher', 'ALL:@SECLEVEL=0'),
        /alert protocol version|no protocols/,
      );
  });

  it('cuts off client certificates of other authorities, and expired ones', async () => {
    const writePair = (name: string, pair: { certificate: string; key: string }): string[] => {
      writeFileSync(fileOf(`${name}.pem`), pair.certificate);
      writeFileSync(fileOf(`${name}.key`), pair.key);
      return ['-cert', fileOf(`${name}.pem`), '-key', fileOf(`${name}.key`)];
    };
    const identity = 'spiffe://cluster.local/ns/istio-system/sa/istiod';
    const altNames = [{ kind: 'uri', value: identity }] as const;
    const evil = createCertificateAuthority({ organizations: ['cluster.local'] }, systemClock);
    const forged = evil.issue({ subject: {}, altNames, lifetimeMs: 3_600_000 });
    const past = { nowMs: () => Date.now() - 3_600_000, schedule: systemClock.schedule };
    const old = createCertificateAuthority({ organizations: ['cluster.local'] }, past);
    const expired = old.issue({ subject: {}, altNames, lifetimeMs: 1_000 });
    const own = agent.secrets.certificate;
    assert.ok(own);
    const good = writePair('own', { certificate: own.chain, key: own.key });
    assert.ok(isLetIn(await sClient(...good, '-quiet')));
    for (const [name, pair] of [
      ['forged', forged],
      ['expired', expired],
    ] as const)
      assert.ok(!isLetIn(await sClient(...writePair(name, pair), '-quiet')), name);
  });
});
