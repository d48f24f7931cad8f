/** What `lateen explain` says of calls between two clusters is what happens on sockets. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, root, startMesh, until } from './mesh.ts';

const options = { skip: missing, timeout: 240_000 };
/** Calls whose answers are compared, so many at a time: a gateway balances connections, not requests. */
const rounds = 5;
const callsAtOnce = 12;
const url = 'http://reviews:9080/reviews/0';
let mesh: Mesh;
let sidecar = '';

const apply = (cluster: string, manifest: string): Promise<string> =>
  mesh.kubectl(`--context=${cluster} apply -f -`, manifest);

const sample = (name: string): string =>
  readFileSync(join(root, `samples/multicluster/${name}.yaml`), 'utf8');

const ingressOf = (cluster: string): Promise<string> =>
  mesh.kubectl(
    `--context=${cluster} -n istio-system get svc istio-ingressgateway -o jsonpath={.status.loadBalancer.ingress[0].ip}`,
  );

/** One call through the sidecar of productpage, as productpage makes it: pod or status. */
const call = (user: string): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { host: 'reviews:9080', 'end-user': user };
  const request = http.get({ host: sidecar, port: 15_002, path: url, headers }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
    });
    response.on('error', reject);
    response.on('end', () => {
      const { statusCode = 0 } = response;
      if (statusCode !== 200) resolve(String(statusCode));
      else resolve((JSON.parse(body) as { podname: string }).podname);
    });
  });
  request.setTimeout(30_000, () => request.destroy(new Error('no answer')));
  request.on('error', reject);
  return promise;
};

const answers = async (user: string): Promise<readonly string[]> => {
  const seen = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const calls = Array.from({ length: callsAtOnce }, () => call(user));
    for (const answer of await Promise.all(calls)) seen.add(answer);
  }
  return [...seen].toSorted();
};

interface Explained {
  readonly clusterId?: string;
  readonly destinations: readonly {
    readonly gateways: readonly { readonly outcome: string; readonly clusterId: string }[];
    readonly arrivals: readonly {
      readonly pod: string;
      readonly clusterId?: string;
      readonly status: number | null;
      readonly outcome: string;
      readonly security: { readonly principal: string | null } | null;
    }[];
  }[];
  readonly diagnostics: readonly { readonly code: string; readonly message: string }[];
  readonly clientSees: string;
}

const explain = async (user: string, ...more: readonly string[]): Promise<Explained> => {
  const flags = ['--from', 'productpage', '-H', `end-user: ${user}`, '-o', 'json', ...more];
  const { stdout, stderr, code } = await mesh.lateen('explain', url, ...flags);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Explained;
};

/** The same from the dashboard of the first cluster, as its page asks. */
const explainedByDashboard = async (user: string): Promise<Explained> => {
  const question = {
    ...{ url, headers: [`end-user: ${user}`] },
    from: { kind: 'outbound', workload: 'productpage' },
  };
  const page = await fetchPage(`${mesh.dashboard}/api/v1/explain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-lateen-request': '1' },
    body: JSON.stringify(question),
  });
  assert.equal(page.status, 200, page.body);
  return (JSON.parse(page.body) as { readonly simulation: Explained }).simulation;
};

/** The answers that an explanation foretells. */
const foretold = ({ destinations }: Explained): readonly string[] => {
  const ends = destinations.flatMap(({ gateways, arrivals }) => [
    ...gateways.filter(({ outcome }) => outcome !== 'passed').map(() => '503'),
    ...arrivals.map(({ pod, status, outcome }) =>
      outcome === 'refused' ? '503' : String(status ?? pod.split('/')[1]),
    ),
  ]);
  return [...new Set(ends)].toSorted();
};

/** Waits until sockets do what is foretold: changes need a moment to reach the proxies. */
const agrees = async (user: string): Promise<Explained> => {
  const explained = await explain(user);
  const wanted = foretold(explained);
  let seen: readonly string[] = [];
  await until(
    `sockets that answer ${wanted.join(', ')}`,
    async () => {
      seen = await answers(user);
      return seen.join() === wanted.join() ? true : undefined;
    },
    60_000,
  ).catch(() => assert.deepEqual(seen, wanted));
  return explained;
};

before(async () => {
  if (missing !== false) return;
  mesh = await startMesh({ flags: ['--clusters', '2'], dashboard: true });
  for (const cluster of ['cluster1', 'cluster2']) {
    await mesh.kubectl(`--context=${cluster} label namespace default istio-injection=enabled`);
    await apply(cluster, sample(cluster));
  }
  for (const cluster of ['cluster1', 'cluster2']) {
    const wait = 'wait --for=condition=Available deployment --all --timeout=60s';
    await mesh.kubectl(`--context=${cluster} ${wait}`);
  }
  sidecar = await mesh.kubectl(
    '--context=cluster1 get pod -l app=productpage -o jsonpath={.items[0].status.podIP}',
  );
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

test(
  'a .global name: through the gateway of the other cluster, to its subsets',
  options,
  async () => {
    const gateway = await ingressOf('cluster2');
    await apply(
      'cluster1',
      sample('reviews-global').replace(/address: GATEWAY/, `address: ${gateway}`),
    );
    await apply('cluster1', sample('reviews-subsets'));
    await apply('cluster1', sample('reviews-for-jason'));
    const closed = await agrees('jason');
    assert.match(closed.clientSees, /503: a closed connection: no Gateway there passes outbound_/);
    await apply('cluster2', sample('reviews-subsets'));
    const open = await agrees('jason');
    assert.equal(open.clusterId, 'cluster1');
    assert.deepEqual(
      open.destinations.map(({ gateways }) => gateways.map(({ clusterId }) => clusterId)),
      [['cluster2'], ['cluster2']],
    );
    // No Secret names the other cluster: the dashboard knows the members of the mesh too.
    const shown = await explainedByDashboard('jason');
    assert.deepEqual(shown.destinations, open.destinations);
    const tom = await agrees('tom');
    assert.deepEqual(
      tom.destinations.flatMap(({ arrivals }) => arrivals.map(({ clusterId }) => clusterId)),
      ['cluster1'],
    );
  },
);

const policy = (principal: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: reviews }
spec:
  selector: { matchLabels: { app: reviews, version: v2 } }
  rules: [{ from: [{ source: { principals: ['${principal}'] } }] }]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: STRICT } }
`;

test('policies of the other cluster see the caller by its identity', options, async () => {
  await apply('cluster2', policy('cluster.local/ns/default/sa/somebody'));
  const denied = await agrees('jason');
  assert.ok(foretold(denied).includes('403'));
  await apply('cluster2', policy('cluster.local/ns/default/sa/default'));
  const allowed = await agrees('jason');
  const [arrival] = allowed.destinations.flatMap(({ arrivals }) => arrivals);
  assert.equal(arrival?.security?.principal, 'spiffe://cluster.local/ns/default/sa/default');
  assert.equal(foretold(allowed).length, 2);
});

test('plaintext is not passed on', options, async () => {
  const rule = (mode: string): string => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews-global }
spec:
  host: reviews.default.global
  trafficPolicy: { tls: { mode: ${mode} } }
  subsets: [{ name: v2, labels: { cluster: cluster2 } }, { name: v3, labels: { cluster: cluster2 } }]
`;
  await apply('cluster1', rule('DISABLE'));
  const { clientSees } = await agrees('jason');
  assert.match(
    clientSees,
    /503: a closed connection: the gateway takes mutual TLS of the mesh only/,
  );
  await apply('cluster1', rule('ISTIO_MUTUAL'));
  await agrees('jason');
});

test('with remote secrets, one service over both clusters', options, async () => {
  for (const [one, other] of [
    ['cluster1', 'cluster2'],
    ['cluster2', 'cluster1'],
  ] as const) {
    const { stdout } = await mesh.lateen('create-remote-secret', '--context', one);
    await apply(other, stdout);
  }
  await mesh.kubectl('--context=cluster1 delete virtualservice reviews');
  const explained = await agrees('tom');
  assert.equal(foretold(explained).length, 3);
  // The Secrets alone let other tools read as much: here nobody knows the members of the mesh.
  const elsewhere = await explain('tom', '--kubeconfig', join(mesh.stateDir, 'kubeconfig'));
  assert.deepEqual(elsewhere.destinations, explained.destinations);
  // In sync, what the proxy runs is what it would be sent.
  const running = await explain('tom', '--running');
  assert.deepEqual(running.destinations, explained.destinations);
  const { stdout } = await mesh.lateen('ps', 'deploy/productpage-v1', '--context', 'cluster1');
  assert.match(
    stdout,
    /^Clusters Match\nListeners Match\nRoutes Match \(RDS last loaded at .+\)\n$/,
  );
});

test('a cluster that is away is told, and the rest is answered', options, async () => {
  const down = await mesh.lateen('down', '--context', 'cluster2');
  assert.equal(down.code, 0, down.stderr);
  const { diagnostics, clientSees } = await explain('tom');
  assert.match(
    diagnostics.find(({ code }) => code === 'ClusterUnreachable')?.message ?? '',
    /^cluster cluster2 cannot be read: /,
  );
  // The caller's proxy goes on with the gateway that its control plane knew.
  assert.match(
    clientSees,
    /^the answer of one of default\/reviews-v1-\S+ in cluster1, [\d.]+:15443$/,
  );
  assert.ok(diagnostics.some(({ code }) => code === 'ProxyAsked'));
});
