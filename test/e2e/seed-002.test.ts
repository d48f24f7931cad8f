/** Tutorial 002 (several versions behind one service, chosen by the header dhc-version). */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, pageWithStatus, root, startMesh, until } from './mesh.ts';

const options = { skip: missing, timeout: 180_000 };
const folder = 'samples/specialroutes';
let mesh: Mesh;

before(async () => {
  if (missing === false) mesh = await startMesh();
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

const get = async (path: string, version?: string): Promise<string> => {
  const headers: Record<string, string> = version === undefined ? {} : { 'dhc-version': version };
  return (await fetchPage(`${mesh.gateway}${path}`, { headers })).body.trim();
};

test('deploy both versions and look at them as the tutorial does', options, async () => {
  const files = readdirSync(join(root, folder, 'kube')).sort();
  for (const file of files.toSorted(
    (a, b) => Number(/namespace/.test(b)) - Number(/namespace/.test(a)),
  ))
    await mesh.kubectl(`apply -f ${folder}/kube/${file}`);
  await until(
    'two ready pods',
    async () => {
      const table = await mesh.kubectl('-n spring-boot get pods');
      return table.match(/ 2\/2 +Running /g)?.length === 2 ? true : undefined;
    },
    60_000,
  );
  const pods = await mesh.kubectl('-n spring-boot get pods --show-labels');
  for (const version of ['v11', 'v12'])
    assert.match(
      pods,
      new RegExp(
        `^deployment-007-specialroutes-service-${version}-\\S+ +2/2 +Running .* app=pod-007-specialroutes-service,istio.io/rev=default,pod-template-hash=\\w+,security.istio.io/tlsMode=istio,service.istio.io/canonical-name=pod-007-specialroutes-service,service.istio.io/canonical-revision=${version},version=${version}$`,
        'm',
      ),
    );
  const deployments = await mesh.kubectl('-n spring-boot get deploy --show-labels');
  assert.match(deployments, /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +LABELS$/m);
  assert.match(deployments, /specialroutes-service-v11 +1\/1 .*version=v11$/m);
});

test('without subsets Kubernetes takes turns between versions', options, async () => {
  await mesh.kubectl(`apply -f ${folder}/networking`);
  await until('a route', () => pageWithStatus(`${mesh.gateway}/route/result`, 404));
  const plain = `
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: { namespace: spring-boot, name: plain }
spec:
  hosts: ["plain.example"]
  gateways: [springboot-gateway]
  http: [{ route: [{ destination: { host: service-007-specialroutes-service, port: { number: 80 } } }] }]
`;
  await mesh.kubectl('apply -f -', plain);
  const seen = new Map<string, number>();
  await until('both versions', async () => {
    const { body, status } = await fetchPage(`${mesh.gateway}/route/result`, {
      headers: { host: 'plain.example', 'dhc-version': 'v2' },
    });
    if (status === 200) seen.set(body.trim(), (seen.get(body.trim()) ?? 0) + 1);
    return seen.size === 2 ? true : undefined;
  });
  assert.deepEqual([...seen.keys()].sort(), ['欢迎使用 V11系统', '欢迎使用 V12系统']);
});

test('the header decides', options, async () => {
  for (let round = 0; round < 10; round += 1) {
    assert.equal(await get('/route/result', 'v1'), '欢迎使用 V11系统');
    assert.equal(await get('/route/result', 'v2'), '欢迎使用 V12系统');
  }
  assert.equal(await get('/route/result/666', 'v2'), '欢迎使用 V12系统 666');
  const missed = JSON.parse(await get('/route/result/666', 'v1')) as Record<string, unknown>;
  assert.equal(typeof missed['timestamp'], 'number');
  assert.deepEqual(
    { ...missed, timestamp: 0 },
    {
      timestamp: 0,
      status: 404,
      error: 'Not Found',
      message: 'No message available',
      path: '/route/result/666',
    },
  );
});
