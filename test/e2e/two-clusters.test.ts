/** Multi-primary: two control planes that read both clusters, and what a failing cluster does to the other. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';
import { istiodOf, proxyOf, supervisorOf } from './processes.ts';

const options = { skip: missing, timeout: 240_000 };
/** Calls under way at a time while something is killed. */
const callers = 8;
let mesh: Mesh;

const reviews = (cluster: string): string => `
apiVersion: v1
kind: Service
metadata: { name: reviews, labels: { app: reviews } }
spec: { ports: [{ port: 9080, name: http }], selector: { app: reviews } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reviews-${cluster} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: reviews-v1 }
spec:
  selector: { matchLabels: { app: reviews } }
  template:
    metadata: { labels: { app: reviews, version: v1 } }
    spec:
      serviceAccountName: reviews-${cluster}
      containers:
      - name: reviews
        image: istio/examples-bookinfo-reviews-v1:1.20.1
        env: [{ name: CLUSTER_NAME, value: ${cluster} }]
        ports: [{ containerPort: 9080 }]
`;

const entrance = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: entrance }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: entrance }
spec:
  hosts: ['*']
  gateways: [entrance]
  http:
  - route: [{ destination: { host: reviews, port: { number: 9080 } } }]
    retries: { attempts: 3, retryOn: 'connect-failure,refused-stream,reset,503' }
`;

const failover = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  trafficPolicy:
    outlierDetection: { consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 2s, maxEjectionPercent: 100 }
`;

const context = (cluster: string, command: string, input?: string): Promise<string> =>
  mesh.kubectl(`--context=${cluster} ${command}`, input);

/** Which cluster answered; undefined when the call failed. */
const call = async (): Promise<string | undefined> => {
  const page = await fetchPage(`${mesh.gateway}/reviews/0`).catch(() => undefined);
  if (page?.status !== 200) return undefined;
  return (JSON.parse(page.body) as { clustername: string }).clustername;
};

const tally = async (count: number): Promise<Record<string, number>> => {
  const seen: Record<string, number> = {};
  for (let at = 0; at < count; at++) {
    const cluster = (await call()) ?? 'failed';
    seen[cluster] = (seen[cluster] ?? 0) + 1;
  }
  return seen;
};

const folder = (cluster: string): string => join(mesh.stateDir, 'clusters', cluster);

/** Calls without a pause while `act` runs and for a while after; returns how many failed. */
const failuresDuring = async (act: () => Promise<unknown>): Promise<number> => {
  let failures = 0;
  let done = false;
  const load = Array.from({ length: callers }, async () => {
    while (!done) if ((await call()) === undefined) failures += 1;
  });
  await act();
  done = true;
  await Promise.all(load);
  return failures;
};

const remoteState = async (cluster: string): Promise<string> => {
  const { stdout } = await mesh.lateen('remote-clusters', '--context', cluster);
  return (
    stdout
      .trim()
      .split('\n')[1]
      ?.split(/\s{2,}/)[2] ?? ''
  );
};

before(async () => {
  if (missing === false) mesh = await startMesh({ flags: ['--clusters', '2'] });
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

test('each cluster serves its own until it may read the other', options, async () => {
  for (const cluster of ['cluster1', 'cluster2']) {
    await context(cluster, 'label namespace default istio-injection=enabled');
    await context(cluster, 'apply -f -', reviews(cluster));
    await context(cluster, 'wait --for=condition=Available deployment --all --timeout=60s');
  }
  await context('cluster1', 'apply -f -', entrance);
  await until('an answer', async () => call());
  assert.deepEqual(await tally(40), { cluster1: 40 });
});

test('remote secrets join the clusters: both serve the service of one name', options, async () => {
  for (const [one, other] of [
    ['cluster1', 'cluster2'],
    ['cluster2', 'cluster1'],
  ] as const) {
    const { stdout } = await mesh.lateen('create-remote-secret', '--context', one);
    assert.match(stdout, /istio\/multiCluster: "true"/);
    await context(other, 'apply -f -', stdout);
  }
  await until('both answer', async () => {
    const seen = await tally(20);
    return seen['cluster1'] && seen['cluster2'] ? true : undefined;
  });
  const { cluster1 = 0, cluster2 = 0 } = await tally(200);
  assert.equal(cluster1 + cluster2, 200);
  assert.ok(cluster2 >= 60 && cluster2 <= 140, `${cluster2} of 200 in cluster2`);
  assert.equal(await remoteState('cluster1'), 'synced');
  const [pod] = (
    await context(
      'cluster1',
      '-n istio-system get pods -l app=istio-ingressgateway -o jsonpath={.items[*].metadata.name}',
    )
  ).split(' ');
  const metrics = await context(
    'cluster1',
    `get --raw /api/v1/namespaces/istio-system/pods/${pod}:15020/proxy/stats/prometheus`,
  );
  const counts = metrics.split('\n').filter((line) => line.startsWith('istio_requests_total{'));
  for (const cluster of ['cluster1', 'cluster2'])
    assert.ok(
      counts.some(
        (line) =>
          line.includes('source_cluster="cluster1"') &&
          line.includes(`destination_cluster="${cluster}"`),
      ),
      `no requests from cluster1 to ${cluster}`,
    );
  const gateway = await mesh.lateen('ps', '--context', 'cluster2');
  assert.match(gateway.stdout, /istio-ingressgateway\S+ +cluster2 /);
});

test(
  'with outlier detection the near cluster is used, and the far one when it has nothing',
  options,
  async () => {
    await context('cluster1', 'apply -f -', failover);
    await until('cluster1 only', async () => {
      const seen = await tally(20);
      return seen['cluster1'] === 20 ? true : undefined;
    });
    await context('cluster1', 'scale deployment reviews-v1 --replicas=0');
    await until('cluster2 only', async () => {
      const seen = await tally(20);
      return seen['cluster2'] === 20 ? true : undefined;
    });
  },
);

const healthyAgain = (): Promise<true> =>
  until(
    'calls that succeed',
    async () => {
      const seen = await tally(10);
      return seen['failed'] === undefined ? true : undefined;
    },
    2_000,
  );

test('a far gateway that is killed fails no more than the calls under way', options, async () => {
  await context('cluster1', 'scale deployment reviews-v1 --replicas=1');
  await context('cluster1', 'wait --for=condition=Available deployment --all --timeout=60s');
  await context('cluster1', 'delete destinationrule reviews');
  await until('both answer', async () => {
    const seen = await tally(20);
    return seen['cluster1'] && seen['cluster2'] ? true : undefined;
  });
  const pid = proxyOf(folder('cluster2'), 'istio-ingressgateway');
  assert.ok(pid !== undefined);
  const failures = await failuresDuring(async () => {
    process.kill(pid, 'SIGKILL');
    await until('another gateway', async () => {
      const next = proxyOf(folder('cluster2'), 'istio-ingressgateway');
      return next !== undefined && next !== pid ? true : undefined;
    });
    const wait = '-n istio-system wait --for=condition=Available deployment --all --timeout=60s';
    await context('cluster2', wait);
  });
  assert.ok(failures <= callers, `${failures} calls failed`);
  await healthyAgain();
});

test('a far control plane that is killed is not noticed', options, async () => {
  const pid = istiodOf(folder('cluster2'));
  assert.ok(pid !== undefined);
  const failures = await failuresDuring(async () => {
    process.kill(pid, 'SIGKILL');
    await until('another istiod', async () => {
      const next = istiodOf(folder('cluster2'));
      return next !== undefined && next !== pid ? true : undefined;
    });
  });
  assert.equal(failures, 0);
});

test(
  'a far cluster that is gone leaves the near one serving, which says so, and comes back',
  options,
  async () => {
    await context('cluster1', 'apply -f -', failover);
    await until('cluster1 only', async () => {
      const seen = await tally(20);
      return seen['cluster1'] === 20 ? true : undefined;
    });
    await context('cluster1', 'delete destinationrule reviews');
    await until('both answer', async () => {
      const seen = await tally(20);
      return seen['cluster2'] ? true : undefined;
    });
    const failures = await failuresDuring(async () => {
      process.kill(supervisorOf(folder('cluster2')), 'SIGKILL');
      await until('the status of cluster2', async () =>
        (await remoteState('cluster1')) === 'unreachable' ? true : undefined,
      );
    });
    assert.ok(failures <= callers, `${failures} calls failed`);
    await context('cluster1', 'apply -f -', failover);
    assert.deepEqual(await tally(40), { cluster1: 40 });
    const up = await mesh.lateen('up', '--detach', '--context', 'cluster2');
    assert.equal(up.code, 0, up.stdout + up.stderr);
    await until('cluster2 in sync', async () =>
      (await remoteState('cluster1')) === 'synced' ? true : undefined,
    );
    await context('cluster1', 'delete destinationrule reviews');
    await until('both answer', async () => {
      const seen = await tally(20);
      return seen['cluster1'] && seen['cluster2'] ? true : undefined;
    });
  },
);

test('a Secret that makes no sense is named, and disturbs nobody', options, async () => {
  const bad = `
apiVersion: v1
kind: Secret
metadata: { name: remote-bad, namespace: istio-system, labels: { istio/multiCluster: 'true' } }
stringData: { cluster3: 'not a kubeconfig', cluster2: 'a second word for cluster2' }
`;
  await context('cluster1', 'apply -f -', bad);
  const { stdout, stderr } = await until('both problems', async () => {
    const result = await mesh.lateen('remote-clusters', '--context', 'cluster1');
    return /invalid/.test(result.stdout) ? result : undefined;
  });
  assert.match(stdout, /cluster3 +istio-system\/remote-bad +invalid/);
  assert.match(stdout, /cluster2 +istio-system\/remote-bad +conflict/);
  assert.match(stdout, /cluster2 +istio-system\/istio-remote-secret-cluster2 +synced/);
  assert.match(stderr, /cluster3: kubeconfig/);
  const seen = await tally(40);
  assert.equal(seen['failed'], undefined);
});

test('without its Secret the other cluster is left alone again', options, async () => {
  const name = 'istio-remote-secret-cluster2';
  await context('cluster1', `-n istio-system delete secret ${name}`);
  await until('cluster1 only', async () => {
    const seen = await tally(20);
    return seen['cluster1'] === 20 ? true : undefined;
  });
});
