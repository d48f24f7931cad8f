import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { KubeObject } from '@lateen/api';
import {
  FakeKubeClient,
  KubeError,
  type ListOptions,
  type ListResult,
  type Resource,
} from '@lateen/kube';
import { typeUrls, wildcardName } from '@lateen/xds';
import { watchedKinds } from './ingest/watched-kind.ts';
import type { Pilot, PilotOptions } from './pilot.ts';
import type { AdsClients } from './status/clients.ts';
import type { SyncStatus } from './status/syncz.ts';
import { deltaTestClient, sotwTestClient, type TestNode } from './testing/ads-test-client.ts';
import { objectOf, routeTo, serviceOf, sliceOf, subsetsOf } from './testing/mesh-objects.ts';
import { anyPort, startTestPilot } from './testing/test-pilot.ts';

const { services, endpointSlices, virtualServices, destinationRules, namespaces, pods } =
  watchedKinds;
const { telemetries } = watchedKinds;

const clusterOf = (service: string, subset = '', port = 9080): string =>
  `outbound|${port}|${subset}|${service}.default.svc.cluster.local`;

const node: TestNode = {
  id: 'sidecar~127.9.0.5~productpage-v1-abc.default~default.svc.cluster.local',
  metadata: {
    NAMESPACE: 'default',
    NAME: 'productpage-v1-abc',
    LABELS: { app: 'productpage' },
    CLUSTER_ID: 'Kubernetes',
    ISTIO_VERSION: '1.30.0',
    INTERCEPTION_MODE: 'NONE',
    HTTP_PROXY_PORT: '15002',
  },
};

/** A cluster in which nobody installed Istio's CRDs. */
class WithoutIstioKinds extends FakeKubeClient {
  override list<T extends KubeObject>(
    resource: Resource,
    options?: ListOptions,
  ): Promise<ListResult<T>> {
    return resource.group === 'networking.istio.io'
      ? Promise.reject(new KubeError('not-found', 'no such resource'))
      : super.list(resource, options);
  }
}

const start = (client: FakeKubeClient, options: Partial<PilotOptions> = {}): Promise<Pilot> =>
  startTestPilot(client, { grpcAddress: anyPort, ...options });

describe('startPilot', () => {
  let api: FakeKubeClient;
  let pilot: Pilot;
  const clients: { close(): void }[] = [];

  beforeEach(async () => {
    api = new FakeKubeClient();
    await api.create(namespaces.resource, {
      ...objectOf('Namespace', 'default', {}),
      metadata: { name: 'default' },
    });
    for (const name of ['productpage', 'reviews', 'ratings']) {
      await api.create(services.resource, serviceOf(name));
      await api.create(endpointSlices.resource, sliceOf(name, `127.9.1.${name.length}`));
    }
    await api.create(services.resource, serviceOf('billing', 7070));
    await api.create(destinationRules.resource, subsetsOf('reviews', 'v1', 'v2'));
    await api.create(virtualServices.resource, routeTo('reviews', 'v1'));
    pilot = await start(api);
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await pilot.close();
  });

  const page = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${pilot.httpPort}${path}`)).text();

  const syncz = async (): Promise<SyncStatus | undefined> =>
    (JSON.parse(await page('/debug/syncz')) as readonly SyncStatus[])[0];

  const endpoints = [clusterOf('reviews'), clusterOf('reviews', 'v1'), clusterOf('ratings')];

  const connected = async (makeClient = deltaTestClient) => {
    const client = makeClient(pilot.grpcPort, node);
    clients.push(client);
    client.connect();
    client.subscribe(typeUrls.cluster, wildcardName);
    client.subscribe(typeUrls.endpoint, ...endpoints);
    client.subscribe(typeUrls.listener, wildcardName);
    client.subscribe(typeUrls.route, '9080', '7070');
    await client.until('initial state', () => client.names('RDS').length === 2);
    client.received.length = 0;
    return client;
  };

  it("serves Istio's names over delta and SotW alike", async () => {
    const delta = await connected();
    const sotw = await connected(sotwTestClient as unknown as typeof deltaTestClient);
    assert.ok(delta.names('CDS').includes(clusterOf('reviews', 'v2')));
    assert.deepEqual(delta.names('EDS'), [...endpoints].sort());
    assert.deepEqual(delta.names('RDS'), ['7070', '9080']);
    assert.ok(delta.names('LDS').length > 0);
    assert.deepEqual(
      [...delta.resources].map(([key, bytes]) => [key, Buffer.from(bytes).toString('hex')]).sort(),
      [...sotw.resources].map(([key, bytes]) => [key, Buffer.from(bytes).toString('hex')]).sort(),
    );
  });

  it('sends only the changed route configuration when a VirtualService changes', async () => {
    const client = await connected();
    await api.update(virtualServices.resource, routeTo('reviews', 'v2'));
    await client.until('routes', () => client.received.length > 0);
    assert.deepEqual(client.received, [{ type: 'RDS', changed: ['9080'], removed: [] }]);
  });

  it('sends only the changed endpoints when an EndpointSlice changes', async () => {
    const client = await connected();
    await api.update(endpointSlices.resource, sliceOf('ratings', '127.9.1.7', '127.9.1.8'));
    await client.until('endpoints', () => client.received.length > 0);
    assert.deepEqual(client.received, [
      { type: 'EDS', changed: [clusterOf('ratings')], removed: [] },
    ]);
  });

  it('sends only listeners when a Telemetry changes, and only to those it is for', async () => {
    const client = await connected();
    const logsOf = (app: string) =>
      objectOf('Telemetry', app, {
        spec: { selector: { matchLabels: { app } }, accessLogging: [{ disabled: true }] },
      });
    await api.create(telemetries.resource, logsOf('reviews'));
    await api.update(virtualServices.resource, routeTo('reviews', 'v2'));
    await client.until('routes', () => client.received.length > 0);
    const meshLogs = {
      accessLogging: [{ providers: [{ name: 'envoy' }], filter: { expression: 'true' } }],
    };
    await api.create(telemetries.resource, objectOf('Telemetry', 'all', { spec: meshLogs }));
    await client.until('listeners', () => client.received.length > 1);
    assert.deepEqual(
      client.received.map(({ type }) => type),
      ['RDS', 'LDS'],
    );
  });

  it('sends nothing for a change that matters to nobody', async () => {
    const client = await connected();
    const body = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    await api.create(pods.resource, objectOf('Pod', 'p', { spec: { containers: [] } }));
    await api.patch(pods.resource, { name: 'p', namespace: 'default', kind: 'merge', body });
    await api.update(virtualServices.resource, routeTo('reviews', 'v2'));
    await client.until('routes', () => client.received.length > 0);
    assert.deepEqual(
      client.received.map(({ type }) => type),
      ['RDS'],
    );
  });

  it('sends a proxy that reconnects only what changed meanwhile', async () => {
    const client = await connected();
    client.disconnect();
    await api.update(virtualServices.resource, routeTo('reviews', 'v2'));
    client.connect();
    await client.until('answers', () => client.received.some(({ type }) => type === 'RDS'));
    const changed = client.received.flatMap((one) => one.changed);
    assert.ok(
      changed.every((name) => name === '9080'),
      `unexpected: ${changed.join()}`,
    );
  });

  it('shows a NACK with its text in syncz', async () => {
    const client = await connected();
    client.refuse = ({ typeUrl }) => (typeUrl === typeUrls.route ? 'no such subset' : undefined);
    await api.update(virtualServices.resource, routeTo('reviews', 'v2'));
    await client.until('routes', () => client.received.length > 0);
    client.subscribe(typeUrls.endpoint, clusterOf('reviews', 'v2'));
    await client.until('answer', () => client.received.at(-1)?.type === 'EDS');
    const status = await syncz();
    assert.equal(status?.proxy, 'productpage-v1-abc.default');
    assert.equal(status?.istio_version, '1.30.0');
    assert.equal(status?.istiod, 'istiod-0');
    assert.deepEqual(status?.errors, { route: 'no such subset' });
    assert.notEqual(status?.route_sent, status?.route_acked);
    const { clients: rows } = JSON.parse(await page('/debug/adsz')) as AdsClients;
    assert.deepEqual(rows[0]?.watches['RDS'], ['7070', '9080']);
    assert.equal(rows[0]?.versions['RDS']?.error, 'no such subset');
    assert.notEqual(rows[0]?.versions['RDS']?.sent, rows[0]?.versions['RDS']?.acked);
    const metrics = await page('/metrics');
    assert.match(metrics, /^pilot_total_xds_rejects\{type="rds"\} 1$/m);
    assert.match(metrics, /^pilot_xds_rds_reject 1$/m);
    assert.match(metrics, /^pilot_xds_cds_reject 0$/m);
  });

  it("tells istiod's metrics of what it did", async () => {
    const client = await connected();
    await api.update(virtualServices.resource, routeTo('reviews', 'v2'));
    await client.until('routes', () => client.received.length > 0);
    const metrics = await page('/metrics');
    const numberOf = (series: string): number => {
      const line = metrics.split('\n').find((one) => one.startsWith(`${series} `));
      assert.ok(line, `no ${series}`);
      return Number(line.slice(series.length + 1));
    };
    for (const series of [
      'pilot_xds',
      'pilot_info{version="0.1.0"}',
      'pilot_xds_pushes{type="rds"}',
      'pilot_xds_push_time_count{type="rds"}',
      'pilot_xds_send_time_count{type="cds"}',
      'pilot_xds_config_size_bytes_count{type="lds"}',
      'pilot_xds_config_size_bytes_sum{type="lds"}',
      'pilot_proxy_queue_time_count',
      'pilot_proxy_convergence_time_count',
      'pilot_debounce_time_count',
      'pilot_push_triggers{type="VirtualService"}',
      'pilot_inbound_updates{type="config"}',
      'pilot_k8s_cfg_events{type="VirtualService",event="update"}',
      'pilot_k8s_reg_events{type="Service",event="add"}',
      'pilot_services',
      'pilot_virt_services',
      'istiod_managed_clusters{cluster_type="local"}',
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
    ])
      assert.ok(numberOf(series) > 0, series);
    for (const series of ['pilot_conflict_inbound_listener', 'pilot_no_ip'])
      assert.equal(numberOf(series), 0);
  });

  it('goes on serving new and old proxies while the API server is away, and says so', async () => {
    await connected();
    api.failure = new KubeError('unreachable', 'connection refused');
    await api.nextFailedCall();
    const late = await connected();
    assert.ok(late.names('CDS').length > 0);
    assert.match(await page('/ready'), /last known state/);
    api.failure = undefined;
    await api.update(virtualServices.resource, routeTo('reviews', 'v2'));
    await late.until('routes', () => late.received.length > 0);
    assert.equal(late.received[0]?.type, 'RDS');
  });

  it('shows how workloads are configured to those at its socket only', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-pilot-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const debugSocket = join(folder, 'debug');
    const other = await start(api, { debugSocket });
    t.after(() => other.close());
    const overTcp = async (path: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${other.httpPort}${path}`)).status;
    const overSocket = (path: string): Promise<number | undefined> => {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
      http
        .get({ socketPath: debugSocket, path }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
        .on('error', reject);
      return promise;
    };
    for (const path of ['/debug/syncz', '/debug/adsz', '/debug/registryz']) {
      assert.equal(await overTcp(path), 404, path);
      assert.equal(await overSocket(path), 200, path);
    }
    for (const path of ['/ready', '/metrics']) {
      assert.equal(await overTcp(path), 200, path);
      assert.equal(await overSocket(path), 200, path);
    }
  });

  it('starts without kinds that are not installed', async () => {
    const bare = new WithoutIstioKinds();
    const other = await start(bare);
    const ready = await fetch(`http://127.0.0.1:${other.httpPort}/ready`);
    assert.equal(await ready.text(), 'ready\n');
    await other.close();
  });

  it('says what is wrong when it cannot start', async () => {
    const taken = `127.0.0.1:${pilot.httpPort}`;
    await assert.rejects(start(api, { httpAddress: taken }), { code: 'listen-failed' });
    await assert.rejects(start(api, { httpAddress: 'nowhere' }), { code: 'bad-option' });
    const away = new FakeKubeClient();
    away.failure = new KubeError('unreachable', 'connection refused');
    await assert.rejects(start(away, { signal: AbortSignal.abort() }), { code: 'aborted' });
  });

  it('prints what a proxy should have as an Envoy config dump', async () => {
    await connected();
    const dump = await page('/debug/config_dump?proxyID=productpage-v1-abc.default');
    const { configs } = JSON.parse(dump) as { configs: readonly Record<string, unknown>[] };
    assert.deepEqual(
      configs.map((config) => String(config['@type']).split('.').at(-1)),
      ['ClustersConfigDump', 'ListenersConfigDump', 'RoutesConfigDump', 'EndpointsConfigDump'],
    );
    assert.match(dump, /"name": "outbound\|9080\|v1\|reviews\.default\.svc\.cluster\.local"/);
    assert.match(await page('/debug/config_dump?proxyID=nobody'), /not connected/);
  });
});
