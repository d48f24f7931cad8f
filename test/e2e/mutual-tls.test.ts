/** Mutual TLS and policies as users see them: stock kubectl, requests, logs, metrics and our commands. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { inForce } from './in-force.ts';
import { fetchPage, type Mesh, missing, type Page, startMesh, until } from './mesh.ts';
import { tallyStars } from './product-page.ts';

const options = { skip: missing, timeout: 180_000 };
const issuer = 'https://issuer.example';
/** Of one thing after another on a busy machine, where nothing is promised within a second. */
const patienceMs = 30_000;

const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }
`;

const tokens = (jwksUri: string): string => `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: visitors, namespace: istio-system }
spec:
  selector: { matchLabels: { istio: ingressgateway } }
  jwtRules:
  - { issuer: '${issuer}', jwksUri: '${jwksUri}' }
`;

const visitorsOnly = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: visitors, namespace: istio-system }
spec:
  selector: { matchLabels: { istio: ingressgateway } }
  rules:
  - from: [{ source: { requestPrincipals: ['${issuer}/*'] } }]
`;

const productpageOnly = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: reviews-viewers, namespace: default }
spec:
  selector: { matchLabels: { app: reviews } }
  rules:
  - from: [{ source: { principals: [cluster.local/ns/default/sa/bookinfo-productpage] } }]
    to: [{ operation: { methods: [GET] } }]
`;

/** Straight to the pod's address, on a connection of its own. */
const direct = ['--noproxy', '*'];

/** Who calls whom in Bookinfo. */
const callers: Readonly<Record<string, string>> = {
  productpage: 'istio-system/sa/istio-ingressgateway-service-account',
  details: 'default/sa/bookinfo-productpage',
  reviews: 'default/sa/bookinfo-productpage',
  ratings: 'default/sa/bookinfo-reviews',
};

let mesh: Mesh;
let keys: http.Server;
const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });

const jwksUri = (): string => `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`;

before(async () => {
  if (missing !== false) return;
  const jwk = { ...signing.publicKey.export({ format: 'jwk' }), kid: 'signing-key', alg: 'RS256' };
  keys = http.createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((listening) => keys.listen(0, '127.0.0.1', listening));
  mesh = await startMesh({ sample: 'bookinfo' });
}, options);
after(async () => {
  if (missing !== false) return;
  keys.close();
  await mesh.down();
}, options);

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const tokenOf = (claims: object, key: KeyObject = signing.privateKey): string => {
  const head = { alg: 'RS256', typ: 'JWT', kid: 'signing-key' };
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  const text = `${segment(head)}.${segment({ iss: issuer, sub: 'alice', exp, ...claims })}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
};

const visit = (token?: string): Promise<Page> =>
  fetchPage(
    `${mesh.gateway}/productpage`,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );

const addressOf = (app: string): Promise<string> =>
  mesh.kubectl(`get pods -l app=${app} -o jsonpath={.items[0].status.podIP}`);

/** A call with curl from a pod of `samples/sleep`; the status, or what curl says. */
const curlFrom = async (namespace: string, ...request: readonly string[]): Promise<string> => {
  const curl = ['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', '-m', '10', ...request];
  const args = ['exec', 'deploy/sleep', '-n', namespace, '-c', 'sleep', '--', ...curl];
  const { code, stdout, stderr } = await mesh.tryKubectl(args);
  return code === 0 ? stdout.trim() : stderr;
};

/** Status of a call as an app behind a sidecar makes it: by the HTTP proxy at its pod's address. */
const callBy = (pod: string, url: string): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { host: new URL(url).host };
  http
    .get({ host: pod, port: 15_002, path: url, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
    .on('error', reject);
  return promise;
};

test('callers inside and outside of the mesh', options, async () => {
  await mesh.kubectl('create namespace legacy');
  for (const namespace of ['default', 'legacy'])
    await mesh.kubectl(`apply -n ${namespace} -f samples/sleep/sleep.yaml`);
  for (const namespace of ['default', 'legacy'])
    await mesh.kubectl(`rollout status deploy/sleep -n ${namespace} --timeout=60s`);
  const url = `http://${await addressOf('reviews')}:9080/reviews/0`;
  // Workloads take plaintext until somebody says STRICT.
  await until(
    'an answer in plaintext',
    async () => ((await curlFrom('legacy', ...direct, url)) === '200' ? true : undefined),
    patienceMs,
  );
});

test('STRICT in the whole mesh: Bookinfo works, a plain curl does not', options, async () => {
  const url = `http://${await addressOf('reviews')}:9080/reviews/0`;
  const isRefused = (): Promise<boolean> =>
    fetchPage(url).then(
      () => false,
      () => true,
    );
  await mesh.kubectl('apply -f -', strict);
  await inForce('plaintext is refused', isRefused);
  assert.match(await curlFrom('legacy', ...direct, url), /curl: \((52|56)\)/);
  assert.equal(await curlFrom('default', 'http://reviews:9080/reviews/0'), '200');
  // So many that none of the three is left out by chance.
  const seen = await tallyStars(mesh.gateway, 60);
  assert.deepEqual(Object.keys(seen).sort(), ['black', 'none', 'red']);
});

test('each hop’s principal is in the access log', options, async () => {
  const configured = await mesh.kubectl(
    'get configmap istio -n istio-system -o jsonpath={.data.mesh}',
  );
  const format = 'peer=%DOWNSTREAM_PEER_URI_SAN% path=%REQ(:PATH)% status=%RESPONSE_CODE%\\n';
  const patch = { data: { mesh: `${configured}\naccessLogFormat: "${format}"\n` } };
  const args = ['patch', 'configmap', 'istio', '-n', 'istio-system', '--type=merge', '-p'];
  const patched = await mesh.tryKubectl([...args, JSON.stringify(patch)]);
  assert.equal(patched.code, 0, patched.stderr);
  for (const [app, principal] of Object.entries(callers)) {
    const line = new RegExp(
      `^peer=spiffe://cluster\\.local/ns/${principal} path=/\\S+ status=200$`,
      'm',
    );
    await until(
      `a line of ${app} with ${principal}`,
      async () => {
        await tallyStars(mesh.gateway, 6);
        const logs = await mesh.kubectl(`logs -l app=${app} -c istio-proxy --tail=50`);
        return line.test(logs) ? true : undefined;
      },
      patienceMs,
    );
  }
});

test('each hop’s principal is in the metrics, and every one is mutual TLS', options, async () => {
  for (const [app, principal] of Object.entries(callers)) {
    const { body } = await fetchPage(`http://${await addressOf(app)}:15090/stats/prometheus`);
    const served = body
      .split('\n')
      .filter((line) => /^istio_requests_total\{.*reporter="destination"/.test(line))
      .filter((line) => /response_code="200"/.test(line) && line.includes(principal));
    assert.ok(served.length > 0, `${app}:\n${body.slice(0, 2_000)}`);
    for (const line of served) {
      assert.match(line, /connection_security_policy="mutual_tls"/);
      assert.match(line, new RegExp(`source_principal="spiffe://cluster.local/ns/${principal}"`));
    }
  }
});

/** Where productpage's proxy listens for its app's connections to details. */
const detailsByTcp = '127.77.0.9';

const tcpEgress = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: productpage }
spec:
  workloadSelector: { labels: { app: productpage } }
  egress:
  - port: { number: 9080, protocol: TCP, name: tcp }
    bind: ${detailsByTcp}
    hosts: ["./details.default.svc.cluster.local"]
  - hosts: ["./*", "istio-system/*"]
`;

const nameDetailsPort = (name: string): Promise<string> => {
  const patch = JSON.stringify([{ op: 'replace', path: '/spec/ports/0/name', value: name }]);
  return mesh.kubectl(`patch service details --type json -p ${patch}`);
};

test('over TCP the metrics of each side name the other', options, async () => {
  await nameDetailsPort('tcp');
  await mesh.kubectl('apply -f -', tcpEgress);
  const labels = [
    'source_workload="productpage-v1"',
    'destination_workload="details-v1"',
    'connection_security_policy="mutual_tls"',
  ];
  const details = await addressOf('details');
  await until('a connection whose server knows its client', async () => {
    await fetchPage(`http://${detailsByTcp}:9080/details/0`).catch(() => undefined);
    const { body } = await fetchPage(`http://${details}:15090/stats/prometheus`);
    return body
      .split('\n')
      .filter((line) => line.startsWith('istio_tcp_connections_opened_total{'))
      .find((line) => labels.every((label) => line.includes(label)));
  });
  const answer = await fetchPage(`http://${detailsByTcp}:9080/details/0`);
  assert.match(answer.body, /"author"/);
  const { body } = await fetchPage(
    `http://${await addressOf('productpage')}:15090/stats/prometheus`,
  );
  assert.match(body, /^envoy_metadata_exchange_alpn_protocol_found\S* [1-9]/m);
  await mesh.kubectl('delete sidecar productpage');
  await nameDetailsPort('http');
});

test('destination rules with ISTIO_MUTUAL, as in the tutorial', options, async () => {
  await mesh.kubectl('apply -f samples/bookinfo/networking/destination-rule-all-mtls.yaml');
  await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-reviews-v3.yaml');
  await inForce('v3 only', async () => {
    const seen = await tallyStars(mesh.gateway, 6);
    return Object.keys(seen).join() === 'red';
  });
  assert.deepEqual(await tallyStars(mesh.gateway, 30), { red: 30 });
});

test('secrets of a proxy are listed without their keys', options, async () => {
  const { code, stdout, stderr } = await mesh.lateen('proxy-config', 'secret', 'deploy/reviews-v3');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^default\s+Cert Chain\s+ACTIVE\s+true\s/m);
  assert.match(stdout, /^ROOTCA\s+CA\s+ACTIVE\s+true\s/m);
  assert.doesNotMatch(stdout, /PRIVATE/);
});

test('an AuthorizationPolicy is in force within a second', options, async () => {
  const reviews = 'http://reviews:9080/reviews/0';
  const explained = (from: string): Promise<string> =>
    mesh.lateen('explain', 'GET', reviews, '--from', from).then(({ stdout }) => stdout);
  assert.doesNotMatch(await explained('sleep'), /reviews-viewers/);
  const sleep = await addressOf('sleep');
  assert.equal(await callBy(sleep, reviews), 200);
  await mesh.kubectl('apply -f -', productpageOnly);
  await inForce('a refusal of sleep', async () => (await callBy(sleep, reviews)) === 403);
  assert.equal(await curlFrom('default', reviews), '403');
  assert.deepEqual(await tallyStars(mesh.gateway, 10), { red: 10 });

  const table = await mesh.lateen('authz', 'check', 'deploy/reviews-v3');
  assert.match(table.stdout, /^ALLOW +reviews-viewers\.default +1$/m);
  const refused = await explained('sleep');
  assert.match(refused, /403/);
  assert.match(refused, /AuthorizationPolicy default\/reviews-viewers/);
  assert.match(refused, /cluster\.local\/ns\/default\/sa\/sleep/);
  const allowed = await explained('productpage');
  assert.match(allowed, /AuthorizationPolicy default\/reviews-viewers/);
  assert.doesNotMatch(allowed, /403/);
});

test(
  'a RequestAuthentication with keys at a URL is in force within a second',
  options,
  async () => {
    await mesh.kubectl('apply -f -', tokens(jwksUri()));
    const good = tokenOf({});
    await inForce('bad tokens are refused', async () => (await visit('nonsense')).status === 401);
    assert.equal((await visit(good)).status, 200);
    assert.equal((await visit()).status, 200);
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    for (const bad of [tokenOf({}, other), tokenOf({ exp: 1 }), tokenOf({ iss: 'https://else' })])
      assert.equal((await visit(bad)).status, 401);

    await mesh.kubectl('apply -f -', visitorsOnly);
    await inForce('those without a token are refused', async () => (await visit()).status === 403);
    assert.equal((await visit(good)).status, 200);
    assert.equal((await visit()).body, 'RBAC: access denied');
    const table = await mesh.lateen('authz', 'check', 'deploy/istio-ingressgateway.istio-system');
    assert.match(table.stdout, /^ALLOW +visitors\.istio-system +1$/m);

    await mesh.kubectl('delete requestauthentication,authorizationpolicy visitors -n istio-system');
    await inForce('anybody is let in again', async () => (await visit('nonsense')).status === 200);
  },
);
