/** A cluster with a root and a trust domain of its own: refused until both sides say that they trust the other. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCertificateAuthority } from '@lateen/identity';
import { systemClock } from '@lateen/kube';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';
import { entrance, service } from './reviews-entrance.ts';

const options = { skip: missing, timeout: 240_000 };
const isAvailable = 'wait --for=condition=Available deployment --all --timeout=60s';
let mesh: Mesh;

const foreign = createCertificateAuthority({ commonName: 'the root of the east' }, systemClock);

const workload = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: reviews-v1 }
spec:
  selector: { matchLabels: { app: reviews } }
  template:
    metadata: { labels: { app: reviews, version: v1 } }
    spec:
      containers:
      - name: reviews
        image: istio/examples-bookinfo-reviews-v1:1.20.1
        ports: [{ containerPort: 9080 }]
`;

const context = (cluster: string, command: string, input?: string): Promise<string> =>
  mesh.kubectl(`--context=${cluster} ${command}`, input);

const patch = async (cluster: string, words: string, body: unknown): Promise<void> => {
  const args = [`--context=${cluster}`, '-n', 'istio-system', 'patch', ...words.split(' ')];
  const { code, stderr } = await mesh.tryKubectl([...args, '-p', JSON.stringify(body)]);
  assert.equal(code, 0, stderr);
};

const encode = (text: string): string => Buffer.from(text).toString('base64');

const status = (): Promise<number | undefined> =>
  fetchPage(`${mesh.gateway}/reviews/0`).then(
    (page) => page.status,
    () => undefined,
  );

/** Several in a row: one call would not show what the next connection does. */
const untilAll = (wanted: number): Promise<true> =>
  until(`calls that end with ${wanted}`, async () => {
    for (let call = 0; call < 5; call++) if ((await status()) !== wanted) return undefined;
    return true;
  });

/** The last word of the caller's proxy about calls that end with 503. */
const untilRefused = (reason: RegExp): Promise<true> =>
  until(`a refusal for ${reason}`, async () => {
    if ((await status()) !== 503) return undefined;
    const command = '-n istio-system logs deployment/istio-ingressgateway --tail=1';
    return reason.test(await context('cluster1', command)) ? true : undefined;
  });

/** The caller does not know who signed the server's certificate. */
const unknownServer = /CERTIFICATE_VERIFY_FAILED/;
/** The server ends the connection after it has seen the caller's. */
const unknownCaller = / UC .*connection_termination/;

const rootsOf = (cluster: string): Promise<string> =>
  context(cluster, 'get configmap istio-ca-root-cert -o jsonpath={.data.root-cert\\.pem}');

/** The fields of the mesh configuration, over those that are there. */
const configure = async (cluster: string, fields: object): Promise<void> => {
  const command = '-n istio-system get configmap istio -o jsonpath={.data.mesh}';
  const names = Object.keys(fields);
  const kept = (await context(cluster, command))
    .split('\n')
    .filter((line) => !names.some((name) => line.startsWith(`${name}:`)));
  const added = Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const body = { data: { mesh: [...kept, ...added].join('\n') } };
  await patch(cluster, 'configmap istio --type=merge', body);
};

before(async () => {
  if (missing !== false) return;
  mesh = await startMesh({ flags: ['--clusters', '2'] });
  await context('cluster2', 'label namespace default istio-injection=enabled');
  await context('cluster1', 'apply -f -', service + entrance.replace(/^/, '---'));
  await context('cluster2', 'apply -f -', `${service}---${workload}`);
  await context('cluster2', isAvailable);
  const { stdout } = await mesh.lateen('create-remote-secret', '--context', 'cluster2');
  await context('cluster1', 'apply -f -', stdout);
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

test('below one root the other cluster answers', options, async () => {
  await untilAll(200);
});

test('with a root and a trust domain of its own it is refused', options, async () => {
  const path = '/spec/template/spec/containers/0/args/-';
  const flag = [{ op: 'add', path, value: '--root-rotation-delay=500' }];
  await patch('cluster2', 'deployment istiod --type=json', flag);
  await context('cluster2', '-n istio-system rollout status deployment/istiod --timeout=60s');
  const signing = foreign.createIntermediate({
    subject: { commonName: 'the authority of cluster2' },
    lifetimeMs: 86_400_000,
  });
  await patch('cluster2', 'secret cacerts --type=merge', {
    data: {
      'ca-cert.pem': encode(signing.certificate),
      'ca-key.pem': encode(signing.key),
      'root-cert.pem': encode(foreign.certificate),
      'cert-chain.pem': encode(signing.certificate + foreign.certificate),
    },
  });
  await until('certificates below the foreign root', async () => {
    const log = await context('cluster2', '-n istio-system logs deployment/istiod');
    return /signed by another authority/.test(log) ? true : undefined;
  });
  await configure('cluster2', { trustDomain: 'east' });
  await context('cluster2', 'rollout restart deployment/reviews-v1');
  await context('cluster2', 'rollout status deployment/reviews-v1 --timeout=60s');
  await untilRefused(unknownServer);
  assert.ok(!(await rootsOf('cluster1')).includes(foreign.certificate.trim()));
});

test('the caller’s trust alone is not enough', options, async () => {
  await configure('cluster1', {
    trustDomainAliases: ['east'],
    caCertificates: [{ pem: foreign.certificate, trustDomains: ['east'] }],
  });
  await until('the foreign root in cluster1', async () =>
    (await rootsOf('cluster1')).includes(foreign.certificate.trim()) ? true : undefined,
  );
  await untilRefused(unknownCaller);
});

test(
  'with the trust of both it is accepted, and knows the caller by its own name',
  options,
  async () => {
    const [, root] = [await rootsOf('cluster2'), await rootsOf('cluster1')];
    await configure('cluster2', {
      trustDomainAliases: ['cluster.local'],
      caCertificates: [
        { pem: root.replace(foreign.certificate, ''), trustDomains: ['cluster.local'] },
      ],
    });
    await untilAll(200);
    const onlyFrom = (account: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: reviews }
spec: { rules: [{ from: [{ source: { principals: ['cluster.local/ns/istio-system/sa/${account}'] } }] }] }
`;
    await context('cluster2', 'apply -f -', onlyFrom('somebody-else'));
    await untilAll(403);
    await context('cluster2', 'apply -f -', onlyFrom('istio-ingressgateway-service-account'));
    await untilAll(200);
  },
);

test('when the caller takes its trust back it is refused again', options, async () => {
  await configure('cluster1', { trustDomainAliases: [], caCertificates: [] });
  await untilRefused(unknownServer);
});
