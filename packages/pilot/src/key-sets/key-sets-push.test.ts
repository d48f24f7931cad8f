import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Clock } from '@lateen/base';
import { FakeKubeClient, systemClock } from '@lateen/kube';
import { typeUrls, wildcardName } from '@lateen/xds';
import { watchedKinds } from '../ingest/watched-kind.ts';
import type { Pilot } from '../pilot.ts';
import { deltaTestClient } from '../testing/ads-test-client.ts';
import { objectOf } from '../testing/mesh-objects.ts';
import { anyPort, startTestPilot } from '../testing/test-pilot.ts';
import { type KeySetStatus, maxHoldMs } from './key-set-resolver.ts';

const node = {
  id: 'sidecar~127.9.0.5~web-1.default~default.svc.cluster.local',
  metadata: {
    NAMESPACE: 'default',
    NAME: 'web-1',
    LABELS: { app: 'web' },
    CLUSTER_ID: 'Kubernetes',
  },
};

/** What may wait for an answer waits: on a busy machine the key server, too, takes its time. */
const patientClock: Clock = {
  nowMs: systemClock.nowMs,
  schedule: (delayMs, run) => systemClock.schedule(delayMs === maxHoldMs ? 60_000 : delayMs, run),
};

const startPilotOf = (client: FakeKubeClient): Promise<Pilot> =>
  startTestPilot(client, { clock: patientClock, grpcAddress: anyPort, keySetRefreshMs: 20 });

/** An issuer whose keys can change. */
const startIssuer = async (t: TestContext): Promise<{ url: string; keys: string }> => {
  const issuer = { url: '', keys: '{"keys":[{"kty":"oct","kid":"first-key","k":"hidden"}]}' };
  const server = http.createServer((_request, response) => response.end(issuer.keys));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  t.after(() => server.close());
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  return issuer;
};

const policyOf = (jwksUri: string) =>
  objectOf('RequestAuthentication', 'tokens', {
    spec: { jwtRules: [{ issuer: 'https://issuer', jwksUri }] },
  });

describe('key sets of policies', () => {
  it('reach proxies with the policy, and again when they change', async (t) => {
    const issuer = await startIssuer(t);
    const api = new FakeKubeClient();
    const pilot = await startPilotOf(api);
    t.after(() => pilot.close());
    const client = deltaTestClient(pilot.grpcPort, node);
    t.after(() => client.close());
    client.subscribe(typeUrls.listener, wildcardName);
    client.connect();
    const listeners = (): string =>
      [...client.resources.values()].map((bytes) => Buffer.from(bytes).toString('latin1')).join();
    await client.until('listeners', () => client.resources.size > 0);
    await api.create(watchedKinds.requestAuthentications.resource, policyOf(issuer.url));
    await client.next('the policy');
    assert.match(listeners(), /first-key/);

    issuer.keys = '{"keys":[{"kty":"oct","kid":"second-key","k":"hidden"}]}';
    const page = `http://127.0.0.1:${pilot.httpPort}/debug/jwksz`;
    await client.until('the new keys', () => listeners().includes('second-key'));
    assert.doesNotMatch(listeners(), /first-key/);
    const text = await (await fetch(`${page}?refresh`)).text();
    assert.doesNotMatch(text, /hidden/);
    const [status] = JSON.parse(text) as readonly KeySetStatus[];
    assert.deepEqual(status?.keyIds, ['second-key']);
    const metrics = await (await fetch(`http://127.0.0.1:${pilot.httpPort}/metrics`)).text();
    assert.match(metrics, /^pilot_jwks_resolver_network_fetch_success_total [2-9]$/m);
    assert.match(metrics, /^pilot_jwks_resolver_network_fetch_fail_total 0$/m);
  });

  it('are there before the first proxy is served', async (t) => {
    const issuer = await startIssuer(t);
    const api = new FakeKubeClient();
    await api.create(watchedKinds.requestAuthentications.resource, policyOf(issuer.url));
    const pilot = await startPilotOf(api);
    t.after(() => pilot.close());
    const client = deltaTestClient(pilot.grpcPort, node);
    t.after(() => client.close());
    client.subscribe(typeUrls.listener, wildcardName);
    client.connect();
    await client.next('listeners');
    const [first] = [...client.resources.values()].filter((bytes) =>
      Buffer.from(bytes).includes('first-key'),
    );
    assert.ok(first);
  });
});
