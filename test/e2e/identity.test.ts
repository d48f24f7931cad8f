/**
 * Strict mutual TLS in the whole mesh, every leaf certificate replaced every few seconds, and another
 * root plugged in meanwhile: not one request may fail. `ROTATION_SECONDS` (60) is how long.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { createCertificateAuthority } from '@lateen/identity';
import { systemClock } from '@lateen/kube';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';

const seconds = Number(process.env['ROTATION_SECONDS'] ?? 60);
const leafLife = '10s';
/** How long a new root is trusted before it signs. */
const rootDelayMs = 5_000;
const workers = 4;
const apps = [
  'productpage-v1',
  'details-v1',
  'ratings-v1',
  'reviews-v1',
  'reviews-v2',
  'reviews-v3',
];

const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }
`;

const encode = (text: string): string => Buffer.from(text).toString('base64');

/** The Secret `cacerts` with an intermediate below a root nobody knows yet. */
const pluggedAuthority = (): string => {
  const root = createCertificateAuthority({ commonName: 'another root' }, systemClock);
  const subject = { commonName: 'another intermediate' };
  const signing = root.createIntermediate({ subject, lifetimeMs: 86_400_000 });
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cacerts', namespace: 'istio-system' },
    data: {
      'ca-cert.pem': encode(signing.certificate),
      'ca-key.pem': encode(signing.key),
      'root-cert.pem': encode(root.certificate),
      'cert-chain.pem': encode(signing.certificate + root.certificate),
    },
  });
};

const shortenLives = async (mesh: Mesh): Promise<void> => {
  const annotations = { 'proxy.istio.io/config': `proxyMetadata: { SECRET_TTL: ${leafLife} }` };
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } });
  for (const app of apps)
    assert.equal((await mesh.tryKubectl(['patch', 'deployment', app, '-p', patch])).code, 0);
  const gateway = 'deployment/istio-ingressgateway -n istio-system';
  await mesh.kubectl(`set env ${gateway} SECRET_TTL=${leafLife}`);
  const path = '/spec/template/spec/containers/0/args/-';
  const flag = [{ op: 'add', path, value: `--root-rotation-delay=${rootDelayMs}` }];
  const args = ['patch', 'deployment', 'istiod', '-n', 'istio-system', '--type=json'];
  assert.equal((await mesh.tryKubectl([...args, '-p', JSON.stringify(flag)])).code, 0);
  await mesh.kubectl('rollout status deployment/istiod -n istio-system --timeout=60s');
  await mesh.kubectl(`rollout status ${gateway} --timeout=60s`);
  for (const app of apps) await mesh.kubectl(`rollout status deployment/${app} --timeout=60s`);
};

interface SecretRow {
  readonly name: string;
  readonly serial: string;
}

const secretsOf = async (mesh: Mesh, pod: string): Promise<readonly SecretRow[]> => {
  const { code, stdout, stderr } = await mesh.lateen('proxy-config', 'secret', pod);
  assert.equal(code, 0, stderr);
  return stdout
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s{2,}/))
    .map(([name = '', , , , serial = '']) => ({ name, serial }));
};

const serialOf = async (mesh: Mesh, pod: string, name: string): Promise<string | undefined> =>
  (await secretsOf(mesh, pod)).find((row) => row.name === name)?.serial;

test('not one request fails while certificates and the root change', {
  skip: missing,
  timeout: 300_000 + seconds * 1000,
}, async (t) => {
  const mesh = await startMesh({ sample: 'bookinfo' });
  t.after(() => mesh.down());
  await mesh.kubectl('apply -f -', strict);
  await shortenLives(mesh);
  const url = `${mesh.gateway}/productpage`;
  await until('the product page', async () =>
    (await fetchPage(url)).status === 200 ? true : undefined,
  );
  const firstLeaf = await serialOf(mesh, 'deploy/reviews-v1', 'default');
  const firstRoot = await serialOf(mesh, 'deploy/reviews-v1', 'ROOTCA');

  const failures: string[] = [];
  let done = 0;
  const endMs = performance.now() + seconds * 1000;
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const page = await fetchPage(url).catch((error: Error) => error);
      done += 1;
      if (page instanceof Error) failures.push(page.message);
      else if (page.status !== 200) failures.push(`status ${page.status}`);
      // Productpage hides failures of the services behind it.
      else if (/currently unavailable/.test(page.body))
        failures.push('a part of the page is missing');
    }
  };
  const load = Promise.all(Array.from({ length: workers }, worker));
  await until('renewed leaf', async () => {
    const leaf = await serialOf(mesh, 'deploy/reviews-v1', 'default');
    return leaf === firstLeaf ? undefined : leaf;
  });
  await mesh.kubectl('create -f -', pluggedAuthority());
  // Proxies list the signing authority's root first.
  await until('a signature below another root', async () => {
    const root = await serialOf(mesh, 'deploy/details-v1', 'ROOTCA');
    return root === firstRoot ? undefined : root;
  });
  await load;
  t.diagnostic(`${done} requests, ${failures.length} failed`);
  assert.deepEqual([...new Set(failures)], []);

  await t.test('plaintext is refused, and no key is shown anywhere', async () => {
    const ip = await mesh.kubectl(
      'get pods -l app=reviews,version=v1 -o jsonpath={.items[0].status.podIP}',
    );
    await assert.rejects(
      new Promise((resolve, reject) => {
        http.get(`http://${ip}:9080/reviews/1`, resolve).on('error', reject);
      }),
    );
    for (const format of ['json', 'yaml', 'short']) {
      const { stdout } = await mesh.lateen('pc', 'secret', 'deploy/reviews-v1', '-o', format);
      assert.doesNotMatch(stdout, /PRIVATE|LS0tLS1CRUdJTiBQUklW/);
    }
    const logs = await mesh.kubectl('logs deploy/reviews-v1 -c istio-proxy');
    assert.doesNotMatch(logs, /PRIVATE KEY/);
    assert.match(logs, /outbound_.9080_._.reviews.default.svc.cluster.local/);
  });
});
