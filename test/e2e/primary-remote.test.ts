/** Primary-remote: two clusters and one control plane, as docs/tutorials/primary-remote.md has it. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';
import { istiodOf, supervisorOf } from './processes.ts';
import { productPage, tallyStars } from './product-page.ts';

const options = { skip: missing, timeout: 240_000 };
/** Page views under way at a time while something is away. */
const visitors = 4;
const bookinfo = 'apply -f samples/bookinfo/platform/kube/bookinfo.yaml -l';
const isAvailable = 'wait --for=condition=Available deployment --all --timeout=60s';
let mesh: Mesh;

const context = (cluster: string, command: string, input?: string): Promise<string> =>
  mesh.kubectl(`--context=${cluster} ${command}`, input);

/** Selectors have blanks, so that words are given. */
const applyBookinfo = async (cluster: string, selector: string): Promise<void> => {
  const words = [`--context=${cluster}`, ...bookinfo.split(' '), selector];
  const { code, stderr } = await mesh.tryKubectl(words);
  assert.equal(code, 0, stderr);
};

const folder = (cluster: string): string => join(mesh.stateDir, 'clusters', cluster);

const tally = (count: number): Promise<Record<string, number>> => tallyStars(mesh.gateway, count);

const untilStars = (...wanted: readonly string[]): Promise<true> =>
  until(`stars: ${wanted.join(' and ')}`, async () => {
    const seen = await tally(20).catch(() => ({}));
    return Object.keys(seen).sort().join() === [...wanted].sort().join() ? true : undefined;
  });

/** Page views without a pause while `act` runs: how many did not show reviews. */
const failuresDuring = async (act: () => Promise<unknown>): Promise<number> => {
  let failures = 0;
  let done = false;
  const visit = async (): Promise<void> => {
    while (!done) {
      const page = await productPage(mesh.gateway).catch(() => undefined);
      if (page?.status !== 200 || /unavailable/.test(page.body)) failures += 1;
    }
  };
  const load = Array.from({ length: visitors }, visit);
  await act();
  done = true;
  await Promise.all(load);
  return failures;
};

interface RemoteRow {
  readonly name: string;
  readonly secret: string;
  readonly status: string;
}

const remoteClusters = async (): Promise<readonly RemoteRow[]> => {
  const { stdout } = await mesh.lateen('remote-clusters', '--context', 'cluster1');
  return stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s{2,}/))
    .map(([name = '', secret = '', status = '']) => ({ name, secret, status }));
};

const untilRemote = (status: string): Promise<true> =>
  until(`cluster2 ${status}`, async () => {
    const rows = await remoteClusters();
    return rows.find(({ name }) => name === 'cluster2')?.status === status ? true : undefined;
  });

/** Lines of `lateen ps` by pod, of one cluster. */
const proxiesOf = async (cluster: string): Promise<readonly string[]> => {
  const { stdout } = await mesh.lateen('ps', '--context', 'cluster1');
  return stdout.split('\n').filter((line) => line.split(/\s{2,}/)[1] === cluster);
};

const podAddress = async (cluster: string, label: string): Promise<string> =>
  context(cluster, `get pods -l ${label} -o jsonpath={.items[0].status.podIP}`);

before(async () => {
  if (missing !== false) return;
  mesh = await startMesh({ flags: ['--clusters', '2', '--topology', 'primary-remote'] });
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

test('the second cluster has gateways and no control plane', options, async () => {
  const { stdout: status } = await mesh.lateen('status');
  assert.match(status, /^cluster2 +ready, remote cluster of cluster1,/m);
  assert.match(status, /^topology +primary-remote: cluster1 controls cluster2$/m);
  const deployments = await context('cluster2', 'get deployments -A -o name');
  assert.deepEqual(deployments.trim().split('\n'), ['deployment.apps/istio-ingressgateway']);
  const parts = await context('cluster2', 'get deployments,services,endpoints -n istio-system');
  const entry = /^istio-ingressgateway .* (\d+\.\d+\.\d+\.\d+) +15021:/m;
  const services = await context('cluster1', 'get services -n istio-system');
  const [, address] = entry.exec(services) ?? assert.fail(services);
  assert.match(parts, new RegExp(`^endpoints/istiod +${address}:15012 `, 'm'));
  assert.deepEqual(await remoteClusters(), [
    { name: 'cluster2', secret: 'istio-system/istio-remote-secret-cluster2', status: 'synced' },
  ]);
  const asked = await mesh.lateen('ps', '--context', 'cluster2');
  assert.equal(asked.code, 1);
  assert.match(asked.stderr, /the control plane of this cluster is in cluster1/);
});

test(
  'Bookinfo in both, calls in either direction; ps shows whose proxies are whose',
  options,
  async () => {
    for (const cluster of ['cluster1', 'cluster2'])
      await context(cluster, 'label namespace default istio-injection=enabled');
    await applyBookinfo('cluster1', 'version notin (v2,v3)');
    await context('cluster1', 'apply -f samples/bookinfo/networking/bookinfo-gateway.yaml');
    await applyBookinfo('cluster2', 'service in (reviews,ratings)');
    await applyBookinfo('cluster2', 'account=reviews');
    await applyBookinfo('cluster2', 'app=reviews,version=v3');
    for (const cluster of ['cluster1', 'cluster2']) await context(cluster, isAvailable);
    // v1 is in the first cluster; v3 in the second, and the ratings that it shows in the first.
    await untilStars('none', 'red');
    const { none = 0, red = 0 } = await tally(200);
    assert.equal(none + red, 200);
    assert.ok(red >= 60 && red <= 140, `${red} of 200 from cluster2`);
    const far = await proxiesOf('cluster2');
    assert.deepEqual(far.map((line) => line.split('-')[0]).sort(), ['istio', 'reviews']);
    for (const line of far) assert.match(line, /(SYNCED +){4}/);
    const roots = await context('cluster2', 'get configmap istio-ca-root-cert -o name');
    assert.match(roots, /istio-ca-root-cert/);
  },
);

test('across the gateways it is mutual TLS, and the caller is known by name', options, async () => {
  const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }
`;
  await context('cluster1', 'apply -f -', strict);
  const address = await podAddress('cluster2', 'app=reviews');
  const plain = (): Promise<number | undefined> =>
    fetchPage(`http://${address}:9080/reviews/0`).then(
      ({ status }) => status,
      () => undefined,
    );
  await until('plaintext refused in cluster2', async () =>
    (await plain()) === undefined ? true : undefined,
  );
  await untilStars('none', 'red');
  const callers = 'samples/multicluster/reviews-callers.yaml';
  await context('cluster1', `apply -f ${callers}`);
  // The ingress gateway of either cluster is somebody else.
  const entrance = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: by-the-back-door }
spec:
  hosts: [back.door]
  gateways: [bookinfo-gateway]
  http: [{ route: [{ destination: { host: reviews, port: { number: 9080 } } }] }]
`;
  await context('cluster1', 'apply -f -', entrance);
  const backDoor = async (): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = { host: 'back.door' };
    const request = http.get(`${mesh.gateway}/reviews/0`, { headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
    return promise;
  };
  await until('a refusal each time', async () => {
    const codes = [await backDoor(), await backDoor(), await backDoor(), await backDoor()];
    return codes.every((code) => code === 403) ? true : undefined;
  });
  await untilStars('none', 'red');
  const others = (await context('cluster1', `get -f ${callers} -o yaml`)).replaceAll(
    'sa/bookinfo-productpage',
    'sa/bookinfo-details',
  );
  await context('cluster1', 'apply -f -', others);
  await until('reviews that refuse the page', async () => {
    const pages = await Promise.all([1, 2, 3, 4].map(() => productPage(mesh.gateway)));
    const refused = pages.filter(({ body }) => /reviews are currently unavailable/.test(body));
    return refused.length === pages.length ? true : undefined;
  });
  await context('cluster1', `apply -f ${callers}`);
  await untilStars('none', 'red');
});

test('rules count in the cluster of the control plane only', options, async () => {
  const closed = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: closed }
spec: {}
`;
  const applied = await mesh.tryKubectl(['--context=cluster2', 'apply', '-f', '-'], closed);
  assert.equal(applied.code, 0, applied.stderr);
  assert.match(applied.stderr, /Warning: this AuthorizationPolicy counts nowhere: .*in cluster1/);
  await context('cluster1', 'apply -f samples/bookinfo/networking/destination-rule-all.yaml');
  const toRemote = 'apply -f samples/bookinfo/networking/virtual-service-reviews-v3.yaml';
  await context('cluster1', toRemote);
  // What came after the policy is in force, and the policy is not.
  await untilStars('red');
  await context('cluster2', 'delete authorizationpolicy closed');
});

test(
  'without the control plane everything goes on; it comes back and rules again',
  options,
  async () => {
    const failures = await failuresDuring(async () => {
      await context('cluster1', 'scale deployment istiod -n istio-system --replicas=0');
      await until('the end of istiod', async () =>
        istiodOf(folder('cluster1')) === undefined ? true : undefined,
      );
      assert.deepEqual(await tally(100), { red: 100 });
      await context('cluster1', 'scale deployment istiod -n istio-system --replicas=1');
      await context('cluster1', `-n istio-system ${isAvailable}`);
      await until('the proxies of cluster2', async () =>
        (await proxiesOf('cluster2')).length === 2 ? true : undefined,
      );
    });
    assert.equal(failures, 0);
    const pid = istiodOf(folder('cluster1'));
    assert.ok(pid !== undefined);
    const killed = await failuresDuring(async () => {
      process.kill(pid, 'SIGKILL');
      await until('another istiod', async () => {
        const next = istiodOf(folder('cluster1'));
        return next !== undefined && next !== pid ? true : undefined;
      });
      await context('cluster1', `-n istio-system ${isAvailable}`);
    });
    assert.equal(killed, 0);
    await context(
      'cluster1',
      'delete -f samples/bookinfo/networking/virtual-service-reviews-v3.yaml',
    );
    await untilStars('none', 'red');
    // New workloads of the second cluster are taken in as before.
    await context('cluster2', 'scale deployment reviews-v3 --replicas=2');
    await context('cluster2', 'rollout status deployment/reviews-v3 --timeout=60s');
    assert.equal((await proxiesOf('cluster2')).length, 3);
  },
);

test('bad Secrets are named, and nobody is disturbed', options, async () => {
  const { stdout: own } = await mesh.lateen('create-remote-secret', '--context', 'cluster1');
  const { stdout: far } = await mesh.lateen('create-remote-secret', '--context', 'cluster2');
  // The other cluster once more, under a third name, and a server that is not there.
  const again = far.replaceAll('cluster2', 'cluster3');
  const gone = far
    .replaceAll('cluster2', 'cluster4')
    .replace(/server: \S+/, 'server: https://127.0.0.1:1');
  const bad = `
apiVersion: v1
kind: Secret
metadata: { name: remote-bad, namespace: istio-system, labels: { istio/multiCluster: 'true' } }
stringData: { cluster5: 'not a kubeconfig', cluster2: 'a second word for cluster2' }
`;
  const failures = await failuresDuring(async () => {
    for (const secret of [own, again, gone, bad]) await context('cluster1', 'apply -f -', secret);
    const { stdout, stderr } = await until('all problems', async () => {
      const result = await mesh.lateen('remote-clusters', '--context', 'cluster1');
      const hasAll = /cluster3 .*conflict/.test(result.stdout) && /ECONNREF/.test(result.stderr);
      return hasAll ? result : undefined;
    });
    assert.match(stdout, /cluster2 +istio-system\/istio-remote-secret-cluster2 +synced/);
    assert.match(stdout, /cluster2 +istio-system\/remote-bad +conflict/);
    assert.match(stdout, /cluster4 +\S+ +(syncing|timeout)/);
    assert.match(stdout, /cluster5 +istio-system\/remote-bad +invalid/);
    // A Secret of the cluster for itself is harmless.
    assert.doesNotMatch(stdout, /cluster1/);
    assert.match(stderr, /cluster3: it is cluster "cluster2" under another name/);
    assert.match(stderr, /cluster5: kubeconfig/);
  });
  assert.equal(failures, 0);
  for (const name of ['istio-remote-secret-cluster3', 'istio-remote-secret-cluster4', 'remote-bad'])
    await context('cluster1', `-n istio-system delete secret ${name}`);
  await until('one cluster', async () =>
    (await remoteClusters()).length === 1 ? true : undefined,
  );
});

test('a cluster on the network and at the addresses of another is left out', options, async () => {
  const network = (name: string): Promise<string> =>
    context(
      'cluster2',
      `label namespace istio-system topology.istio.io/network=${name} --overwrite`,
    );
  const address = await podAddress('cluster1', 'app=details');
  const twin = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'lateen-twin' },
    spec: { podCIDR: `${address.split('.').slice(0, 2).join('.')}.0.0/17` },
  });
  // Half of the calls went there; now all stay here.
  await context('cluster2', 'apply -f -', twin);
  await network('network-cluster1');
  await until('the clash', async () => {
    const { stdout, stderr } = await mesh.lateen('remote-clusters', '--context', 'cluster1');
    const isSaid = /clashes with cluster "cluster1": the pod addresses of both overlap/.test(
      stderr,
    );
    return isSaid && /cluster2 +\S+ +conflict/.test(stdout) ? true : undefined;
  });
  await untilStars('none');
  await network('network-cluster2');
  await untilRemote('synced');
  const service = 'label service istio-ingressgateway -n istio-system topology.istio.io/network';
  await context('cluster2', `${service}=network-cluster1 --overwrite`);
  await until('the gateway that leads nowhere', async () => {
    const { stdout, stderr } = await mesh.lateen('remote-clusters', '--context', 'cluster1');
    const isSaid = /its gateway \S+ has the label \S+=network-cluster1/.test(stderr);
    return isSaid && /cluster2 +\S+ +synced/.test(stdout) ? true : undefined;
  });
  await context('cluster2', `${service}=network-cluster2 --overwrite`);
  await context('cluster2', 'delete node lateen-twin');
  await untilStars('none', 'red');
});

test('a second cluster that is gone leaves the first serving, which says so', options, async () => {
  process.kill(supervisorOf(folder('cluster2')), 'SIGKILL');
  await untilRemote('unreachable');
  const toLocal = 'apply -f samples/bookinfo/networking/virtual-service-all-v1.yaml';
  await context('cluster1', toLocal);
  await untilStars('none');
  assert.deepEqual(await tally(100), { none: 100 });
  const up = await mesh.lateen('up', '--detach', '--context', 'cluster2');
  assert.equal(up.code, 0, up.stdout + up.stderr);
  assert.match(up.stdout, /istiod is that of cluster1/);
  await untilRemote('synced');
  await context('cluster1', 'delete -f samples/bookinfo/networking/virtual-service-all-v1.yaml');
  await context('cluster1', 'apply -f samples/bookinfo/networking/bookinfo-gateway.yaml');
  await untilStars('none', 'red');
});

test(
  'a first cluster that is gone leaves the second serving what it has itself',
  options,
  async () => {
    const gatewayOf = async (name: string): Promise<string> => {
      const { stdout } = await mesh.lateen('status', '-o', 'json');
      const { clusters } = JSON.parse(stdout) as {
        clusters: readonly { name: string; gateway: { http: string } }[];
      };
      return clusters.find((one) => one.name === name)?.gateway.http ?? '';
    };
    const door = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: by-the-back-door }
spec:
  hosts: ['*']
  gateways: [bookinfo-gateway]
  http:
  - match: [{ uri: { prefix: /reviews } }]
    route: [{ destination: { host: reviews, subset: v3, port: { number: 9080 } } }]
`;
    await context('cluster1', 'apply -f -', door);
    await context('cluster1', 'delete -f samples/multicluster/reviews-callers.yaml');
    const url = `${await gatewayOf('cluster2')}/reviews/0`;
    const status = (): Promise<number> => fetchPage(url).then((page) => page.status);
    await until('reviews by the second gateway', async () =>
      (await status().catch(() => 0)) === 200 ? true : undefined,
    );
    process.kill(supervisorOf(folder('cluster1')), 'SIGKILL');
    await until('the end of istiod', async () =>
      istiodOf(folder('cluster1')) === undefined ? true : undefined,
    );
    for (let call = 0; call < 50; call++) assert.equal(await status(), 200);
    const up = await mesh.lateen('up', '--detach', '--no-dashboard', '--context', 'cluster1');
    assert.equal(up.code, 0, up.stdout + up.stderr);
    // Those that lost it a while ago wait longer between two tries.
    await until(
      'the proxies of cluster2',
      async () => ((await proxiesOf('cluster2')).length === 3 ? true : undefined),
      60_000,
    );
    await context('cluster1', isAvailable);
    await untilStars('none', 'red');
  },
);
