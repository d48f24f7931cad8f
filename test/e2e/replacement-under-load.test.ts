/** 50,000 requests through the gateway at 64 connections while VirtualServices are replaced 50 times. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { fetchPage, missing, startMesh, until } from './mesh.ts';
import { proxyOf, residentMiB } from './processes.ts';

const requests = 50_000;
const connections = 64;
const replacements = 50;

/** The route moves between two rules that both answer, so that every push changes what is in force. */
const virtualService = (round: number): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: bookinfo, namespace: default }
spec:
  hosts: ["*"]
  gateways: [bookinfo-gateway]
  http:
  - name: round-${round}
    match: [{ uri: { prefix: /api/v1/products } }, { uri: { prefix: /productpage } }]
    headers: { response: { set: { x-round: "${round}" } } }
    route: [{ destination: { host: productpage, port: { number: 9080 } } }]
`;

test('not one request fails and memory stays', { skip: missing, timeout: 300_000 }, async (t) => {
  const mesh = await startMesh({ sample: 'bookinfo' });
  t.after(() => mesh.down());
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  t.after(() => agent.destroy());
  const url = `${mesh.gateway}/api/v1/products`;
  await until('the gateway', async () =>
    (await fetchPage(url)).status === 200 ? true : undefined,
  );

  const failures: string[] = [];
  const rounds = new Set<string>();
  let done = 0;
  const get = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const request = http.get(url, { agent, timeout: 30_000 }, (response) => {
      if (response.statusCode !== 200) failures.push(`status ${response.statusCode}`);
      rounds.add(String(response.headers['x-round']));
      response.resume().on('end', resolve).on('error', resolve);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => {
      failures.push(error.message);
      resolve();
    });
    return promise;
  };
  const gatewayPid = proxyOf(mesh.stateDir, 'istio-ingressgateway');
  const sidecarPid = proxyOf(mesh.stateDir, 'productpage-v1');
  assert.ok(gatewayPid !== undefined && sidecarPid !== undefined);
  const memory = { gateway: [] as number[], sidecar: [] as number[] };
  // Not by the remainder: all workers begin at 0.
  let sampleAt = 0;
  const worker = async (): Promise<void> => {
    for (; done < requests; done += 1) {
      if (done >= sampleAt) {
        sampleAt += 500;
        memory.gateway.push(residentMiB(gatewayPid));
        memory.sidecar.push(residentMiB(sidecarPid));
      }
      await get();
    }
  };
  const startedMs = performance.now();
  const load = Promise.all(Array.from({ length: connections }, worker));
  for (let round = 0; round < replacements; round += 1) {
    const share = (requests * round) / replacements;
    await until(`request ${share}`, async () => (done >= share ? true : undefined), 120_000);
    await mesh.kubectl('replace -f -', virtualService(round));
  }
  await load;
  t.diagnostic(`${requests} requests in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  t.diagnostic(`rules seen in force: ${rounds.size}`);
  assert.deepEqual(failures, []);
  assert.ok(rounds.size > replacements / 2);
  for (const [name, samples] of Object.entries(memory)) {
    const third = Math.floor(samples.length / 3);
    const early = Math.max(...samples.slice(0, third));
    const late = samples.slice(-third).reduce((sum, value) => sum + value, 0) / third;
    t.diagnostic(
      `${name}: at most ${early.toFixed(0)} MiB in the first third, ${late.toFixed(0)} MiB on average in the last`,
    );
    // 10 % is the noise of a heap between two collections.
    assert.ok(late <= early * 1.1, `${name} grew`);
  }
});
