/** Tutorial 000 (traffic routing): both labs of chapters 6 and 7, command by command. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inForce } from './in-force.ts';
import { fetchPage, type Mesh, missing, pageWithStatus, startMesh, until } from './mesh.ts';
import { type Shell, shellOf } from './shell.ts';

const options = { skip: missing, timeout: 120_000 };
let mesh: Mesh;
let shell: Shell;

before(async () => {
  if (missing !== false) return;
  mesh = await startMesh();
  shell = await shellOf(mesh);
  await mesh.kubectl('label namespace default istio-injection=enabled');
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

const hasCities = async (headers: Record<string, string> = {}): Promise<boolean> => {
  const page = await fetchPage(`${mesh.gateway}/`, { headers });
  assert.equal(page.status, 200, page.body);
  assert.match(page.body, /<th class="px-4 py-2">NAME<\/th>/);
  return page.body.includes('<th class="px-4 py-2">CITY</th>');
};

/** Views with cities among `count`. */
const views = async (count: number, headers?: Record<string, string>): Promise<number> => {
  let cities = 0;
  for (let view = 0; view < count; view += 1) if (await hasCities(headers)) cities += 1;
  return cities;
};

/** Chapters 6.2 and 7.2, which are one text. */
const cleanUp = async (): Promise<void> => {
  const { code, stdout, stderr } = await shell(`
    kubectl delete deploy web-frontend customers-{v1,v2}
    kubectl delete svc customers web-frontend
    kubectl delete vs customers web-frontend
    kubectl delete dr customers
    kubectl delete gateway gateway`);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'deployment.apps "web-frontend" deleted',
    'deployment.apps "customers-v1" deleted',
    'deployment.apps "customers-v2" deleted',
    'service "customers" deleted',
    'service "web-frontend" deleted',
    'virtualservice.networking.istio.io "customers" deleted',
    'virtualservice.networking.istio.io "web-frontend" deleted',
    'destinationrule.networking.istio.io "customers" deleted',
    'gateway.networking.istio.io "gateway" deleted',
  ]);
  await until('no pods', async () =>
    (await mesh.kubectl('get pods -o name')) === '' ? true : undefined,
  );
};

test(
  'chapters 3 to 5: what their manifests say is admitted, old words with a warning',
  options,
  async () => {
    const file = 'packages/api/testdata/manifests/traffic-policies.yaml';
    const { code, stdout, stderr } = await mesh.tryKubectl(['apply', '-f', file]);
    assert.equal(code, 0, stderr);
    const created = stdout.trimEnd().split('\n');
    assert.ok(created.length >= 7, stdout);
    for (const line of created)
      assert.match(line, /^(destinationrule|virtualservice)\.networking\.istio\.io\/\S+ created$/);
    for (const words of [/consecutiveErrors is deprecated/, /LEAST_CONN is deprecated/])
      assert.match(stderr, words);
    await mesh.kubectl(`delete -f ${file}`);
  },
);

test('chapter 6: from v1 alone to half and half', { ...options, timeout: 180_000 }, async () => {
  const folder = 'samples/customers/simple-routing';
  const apply = (file: string): Promise<string> => mesh.kubectl(`apply -f ${folder}/${file}`);
  assert.equal(await apply('gateway.yaml'), 'gateway.networking.istio.io/gateway created\n');
  await apply('web-frontend.yaml');
  await apply('customers-v1.yaml');
  await mesh.kubectl('wait --for=condition=Available deployment --all --timeout=60s');
  const pods = await mesh.kubectl('get po');
  assert.match(pods, /^customers-v1-\S+ +2\/2 +Running +0 /m);
  assert.match(pods, /^web-frontend-\S+ +2\/2 +Running +0 /m);
  await apply('web-frontend-vs.yaml');
  await until('the front end', () => pageWithStatus(`${mesh.gateway}/`, 200));
  assert.equal(await views(10), 0);
  await apply('customers-dr.yaml');
  await apply('customers-vs.yaml');
  await apply('customers-v2.yaml');
  await mesh.kubectl('wait --for=condition=Available deployment customers-v2 --timeout=60s');
  assert.equal(await views(20), 0);
  await apply('customers-50-50.yaml');
  await inForce('some cities', async () => (await views(8)) > 0);
  const cities = await views(200);
  // Drawn by a fair coin: chance alone leaves these bounds once in 150 million runs.
  assert.ok(Math.abs(cities - 100) <= 40, `${cities} of 200`);
});

test('chapter 3.1: the second of two rules without a match is never reached', options, async () => {
  await mesh.kubectl('apply -f samples/customers/simple-routing/customers-70-30.yaml');
  await mesh.kubectl('delete vs customers');
  // So many that the rule before would have shown a city.
  await inForce('v1 only', async () => (await views(24)) === 0);
  assert.equal(await views(40), 0);
  await mesh.kubectl('delete -f samples/customers/simple-routing/customers-70-30.yaml');
  await mesh.kubectl('apply -f samples/customers/simple-routing/customers-50-50.yaml');
  await cleanUp();
});

test('chapter 7: debug users get v2', { ...options, timeout: 180_000 }, async () => {
  const folder = 'samples/customers/header-routing';
  for (const file of ['gateway', 'web-frontend', 'customers'])
    await mesh.kubectl(`apply -f ${folder}/${file}.yaml`);
  await mesh.kubectl('wait --for=condition=Available deployment --all --timeout=60s');
  await until('the front end', () => pageWithStatus(`${mesh.gateway}/`, 200));
  assert.equal(await views(20), 0);
  await mesh.kubectl(`apply -f ${folder}/customers-vs.yaml`);
  const debug = { user: 'debug' };
  await inForce('cities for debug', () => hasCities(debug));
  assert.equal(await views(20, debug), 20);
  const printed = await shell(`GATEWAY_URL=${new URL(mesh.gateway).host}
    curl -H "user: debug" http://$GATEWAY_URL/`);
  assert.match(
    printed.stdout,
    /<th class="px-4 py-2">CITY<\/th>\s*<th class="px-4 py-2">NAME<\/th>/,
  );
  assert.equal(await views(20), 0);
  await cleanUp();
});
