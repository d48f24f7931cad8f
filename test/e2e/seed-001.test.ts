/** Tutorial 001 (deploying Bookinfo) from "deploy bookinfo" on, Kiali aside, command by command. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inForce } from './in-force.ts';
import {
  fetchPage,
  type Mesh,
  missing,
  pageWithStatus,
  run,
  starsOf,
  startMesh,
  until,
} from './mesh.ts';
import { shellOf } from './shell.ts';

const options = { skip: missing, timeout: 120_000 };
let mesh: Mesh;

before(async () => {
  if (missing === false) mesh = await startMesh();
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

/** The words of a table's rows. */
const rowsOf = (table: string): string[][] =>
  table
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));

test('the CRDs of Istio are there', options, async () => {
  const names = rowsOf(await mesh.kubectl('get crds')).map(([name]) => name);
  const expected = [
    'authorizationpolicies.security.istio.io',
    'destinationrules.networking.istio.io',
    'envoyfilters.networking.istio.io',
    'gateways.networking.istio.io',
    'istiooperators.install.istio.io',
    'peerauthentications.security.istio.io',
    'proxyconfigs.networking.istio.io',
    'requestauthentications.security.istio.io',
    'serviceentries.networking.istio.io',
    'sidecars.networking.istio.io',
    'telemetries.telemetry.istio.io',
    'virtualservices.networking.istio.io',
    'wasmplugins.extensions.istio.io',
    'workloadentries.networking.istio.io',
    'workloadgroups.networking.istio.io',
  ];
  assert.deepEqual(names, ['NAME', ...expected]);
  const resources = rowsOf(await mesh.kubectl('api-resources --api-group=networking.istio.io'));
  const kinds = resources.slice(1).map((row) => `${row[0]} ${row.length === 5 ? row[1] : ''}`);
  assert.deepEqual(kinds, [
    'destinationrules dr',
    'envoyfilters ',
    'gateways gw',
    'proxyconfigs ',
    'serviceentries se',
    'sidecars ',
    'virtualservices vs',
    'workloadentries we',
    'workloadgroups wg',
  ]);
});

test('istio-system has the control plane and both gateways', options, async () => {
  const pods = rowsOf(await mesh.kubectl('get pods -n istio-system'));
  assert.deepEqual(pods[0], ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE']);
  for (const name of ['istiod', 'istio-ingressgateway', 'istio-egressgateway'])
    assert.ok(
      pods.some(
        ([pod = '', ready, status]) =>
          pod.startsWith(`${name}-`) && ready === '1/1' && status === 'Running',
      ),
      JSON.stringify(pods),
    );
  const services = new Map(
    rowsOf(await mesh.kubectl('get svc -n istio-system')).map((row) => [row[0], row]),
  );
  const portsOf = (name: string): string => (services.get(name)?.[4] ?? '').replace(/:\d+/g, '');
  assert.equal(portsOf('istio-ingressgateway'), '15021/TCP,80/TCP,443/TCP,31400/TCP,15443/TCP');
  assert.equal(portsOf('istio-egressgateway'), '80/TCP,443/TCP');
  assert.equal(portsOf('istiod'), '15010/TCP,15012/TCP,443/TCP,15014/TCP');
  assert.equal(services.get('istio-ingressgateway')?.[1], 'LoadBalancer');
});

test('deploying Bookinfo prints what the tutorial prints', options, async () => {
  await mesh.kubectl('label namespace default istio-injection=enabled');
  const printed = await mesh.kubectl('apply -f samples/bookinfo/platform/kube/bookinfo.yaml');
  assert.equal(
    printed,
    [
      'service/details created',
      'serviceaccount/bookinfo-details created',
      'deployment.apps/details-v1 created',
      'service/ratings created',
      'serviceaccount/bookinfo-ratings created',
      'deployment.apps/ratings-v1 created',
      'service/reviews created',
      'serviceaccount/bookinfo-reviews created',
      'deployment.apps/reviews-v1 created',
      'deployment.apps/reviews-v2 created',
      'deployment.apps/reviews-v3 created',
      'service/productpage created',
      'serviceaccount/bookinfo-productpage created',
      'deployment.apps/productpage-v1 created',
      '',
    ].join('\n'),
  );
  await mesh.kubectl('wait --for=condition=Available deployment --all --timeout=60s');
  const pods = rowsOf(await mesh.kubectl('get pods')).slice(1);
  assert.equal(pods.length, 6);
  for (const [name = '', ready, status, restarts] of pods) {
    assert.match(name, /^(details|productpage|ratings|reviews)-v[123]-[a-z0-9]+-[a-z0-9]{5}$/);
    assert.deepEqual([ready, status, restarts], ['2/2', 'Running', '0']);
  }
  const services = rowsOf(await mesh.kubectl('get svc')).slice(1);
  assert.deepEqual(
    services.map(([name, type, , external, ports]) => [name, type, external, ports]),
    [
      ['details', 'ClusterIP', '<none>', '9080/TCP'],
      ['kubernetes', 'ClusterIP', '<none>', '443/TCP'],
      ['productpage', 'ClusterIP', '<none>', '9080/TCP'],
      ['ratings', 'ClusterIP', '<none>', '9080/TCP'],
      ['reviews', 'ClusterIP', '<none>', '9080/TCP'],
    ],
  );
});

test('proxy-status shows every proxy in sync', options, async () => {
  const rows = await until('all proxies in sync', async () => {
    const { stdout } = await mesh.istioctl('ps');
    const table = rowsOf(stdout);
    return table.length === 9 && !/STALE/.test(stdout) ? table : undefined;
  });
  assert.deepEqual(rows[0], [
    'NAME',
    'CLUSTER',
    'CDS',
    'LDS',
    'EDS',
    'RDS',
    'ECDS',
    'ISTIOD',
    'VERSION',
  ]);
  for (const [name = '', cluster, cds, lds, eds, rds, ecds, istiod = ''] of rows.slice(1)) {
    assert.equal(cluster, 'Kubernetes');
    assert.deepEqual([cds, lds, eds, ecds], ['SYNCED', 'SYNCED', 'SYNCED', 'NOT SENT'], name);
    const routes = name.startsWith('istio-') ? 'NOT SENT' : 'SYNCED';
    assert.equal(rds, routes, name);
    assert.match(istiod, /^istiod-/);
  }
  assert.ok(rows.slice(1).every(([name = '']) => /\.(default|istio-system)$/.test(name)));
});

test('a shell in the sleep pod reaches productpage', options, async () => {
  const printed = await mesh.kubectl('apply -f samples/sleep/sleep.yaml');
  assert.equal(
    printed,
    'serviceaccount/sleep created\nservice/sleep created\ndeployment.apps/sleep created\n',
  );
  await mesh.kubectl('wait --for=condition=Available deployment sleep --timeout=60s');
  const pod = (
    await mesh.kubectl('get pods -l app=sleep -o jsonpath={.items[0].metadata.name}')
  ).trim();
  const status = JSON.parse((await mesh.lateen('status', '-o', 'json')).stdout) as {
    kubeconfig: string;
  };
  const shell = await run('script', ['-qec', `kubectl exec -it ${pod} -- /bin/sh`, '/dev/null'], {
    env: { KUBECONFIG: status.kubeconfig },
    input: 'cd\ncurl -s productpage:9080\nexit 7\n',
  });
  assert.match(shell.stdout, /<title>Simple Bookstore App<\/title>/);
  assert.match(
    shell.stdout,
    /Hello! This is a simple bookstore application consisting of three services/,
  );
  assert.match(shell.stdout, /http:\/\/ratings:9080/);
  assert.match(shell.stdout, /<a href="\/productpage\?u=normal"[^>]*>Normal user<\/a>/);
  assert.equal(shell.code, 7);
});

test('the gateway lets the world in', options, async () => {
  const printed = await mesh.kubectl('apply -f samples/bookinfo/networking/bookinfo-gateway.yaml');
  assert.equal(
    printed,
    'gateway.networking.istio.io/bookinfo-gateway created\nvirtualservice.networking.istio.io/bookinfo created\n',
  );
  await until('the product page', () => pageWithStatus(`${mesh.gateway}/productpage`, 200));
  assert.equal((await fetchPage(`${mesh.gateway}/nowhere`)).status, 404);
  const table = rowsOf(await mesh.kubectl('get vs'));
  assert.deepEqual(table[0], ['NAME', 'GATEWAYS', 'HOSTS', 'AGE']);
  assert.deepEqual(table[1]?.slice(0, 3), ['bookinfo', '["bookinfo-gateway"]', '["*"]']);
});

test('the simulated visitor of the tutorial, who never stops', options, async () => {
  const shell = await shellOf(mesh);
  // The address is the reader's. The third page ends the loop: its curl finds nobody who listens.
  const { stdout } = await shell(`set -o pipefail
    while true ; do curl ${new URL(mesh.gateway).host}/productpage || exit; sleep 0.$RANDOM; done | grep -m 3 '<title>'`);
  assert.deepEqual(stdout.match(/<title>/g)?.length, 3, stdout);
});

test('all v1, then jason to v2', options, async () => {
  const rules = await mesh.kubectl(
    'apply -f samples/bookinfo/networking/destination-rule-all.yaml',
  );
  assert.equal(
    rules,
    ['productpage', 'reviews', 'ratings', 'details']
      .map((name) => `destinationrule.networking.istio.io/${name} created\n`)
      .join(''),
  );
  await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-all-v1.yaml');
  const look = async (headers: Record<string, string> = {}): Promise<string> =>
    starsOf((await fetchPage(`${mesh.gateway}/productpage`, { headers })).body);
  const views = async (count: number, headers?: Record<string, string>): Promise<string> => {
    const seen = new Set<string>();
    for (let view = 0; view < count; view += 1) seen.add(await look(headers));
    return [...seen].sort().join();
  };
  // So many that without the rule one of them would have shown stars.
  await inForce('v1 only', async () => (await views(18)) === 'none');
  assert.equal(await views(50), 'none');
  await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-reviews-test-v2.yaml');
  const cookie = await mesh.signIn('jason');
  await inForce('black', async () => (await look({ cookie })) === 'black');
  assert.equal(await views(20, { cookie }), 'black');
  assert.equal(await views(20), 'none');
});
