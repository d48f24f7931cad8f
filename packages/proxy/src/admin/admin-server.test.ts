import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificateAuthority } from '@lateen/identity';
import { startProxy } from '../proxy.ts';
import { RawClient } from '../testing/raw-client.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import {
  bootstrapOf,
  clusterJson,
  httpFilters,
  httpListenerJson,
  routesJson,
} from '../testing/static-bootstrap.ts';
import { httpUpstream, namedUpstream } from '../testing/upstream.ts';
import { createAdjustableLog } from './adjustable-log.ts';

test('shows configuration, clusters, listeners and readiness as Envoy does', async () => {
  await using up = await namedUpstream('up');
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    routes: [routeTo('up')],
  });
  await (await running.fetch('/')).text();
  const text = async (path: string): Promise<string> => (await running.admin(path)).text();
  assert.equal(await text('/ready'), 'LIVE\n');
  assert.match(
    await text('/clusters'),
    new RegExp(`^up::127.0.0.1:${up.port}::health_flags::healthy$`, 'm'),
  );
  assert.match(await text('/clusters'), new RegExp(`^up::127.0.0.1:${up.port}::rq_total::1$`, 'm'));
  assert.match(await text('/listeners'), /^http::127\.0\.0\.1:0$/m);
  const clusters = (await (await running.admin('/clusters?format=json')).json()) as {
    cluster_statuses: { name: string }[];
  };
  assert.equal(clusters.cluster_statuses[0]?.name, 'up');
  const dump = (await (await running.admin('/config_dump')).json()) as {
    configs: Record<string, unknown>[];
  };
  assert.deepEqual(
    dump.configs.map((config) => String(config['@type']).split('.').at(-1)),
    ['Bootstrap', 'Clusters', 'Listeners', 'Routes', 'Secrets'].map((name) => `${name}ConfigDump`),
  );
  assert.match(JSON.stringify(dump), /"route_config":\{"name":"routes"/);
  const info = (await (await running.admin('/server_info')).json()) as { state: string };
  assert.equal(info.state, 'LIVE');
  assert.match(await text('/stats?filter=upstream_rq_2xx'), /^cluster\.up\.upstream_rq_2xx: 1\n$/);
  assert.equal((await running.admin('/nope')).status, 404);
});

test('changes things only by POST', async () => {
  await using running = await runProxy({ clusters: [] });
  for (const path of [
    '/quitquitquit',
    '/healthcheck/fail',
    '/drain_listeners',
    '/reset_counters',
  ]) {
    assert.equal((await running.admin(path)).status, 405, path);
  }
  await running.admin('/healthcheck/fail', { method: 'POST' });
  assert.equal((await running.admin('/ready')).status, 503);
  await running.admin('/healthcheck/ok', { method: 'POST' });
  assert.equal((await running.admin('/ready')).status, 200);
});

test('exports Prometheus text with the metrics of the mesh, from both ends of a call', async () => {
  await using app = await httpUpstream((request, response) => {
    response.setHeader(
      'x-saw-peer',
      String(request.headers['x-envoy-peer-metadata'] !== undefined),
    );
    response.end('ok');
  });
  const filters = { httpFilters: httpFilters([{ name: 'istio.stats' }]) };
  const service = {
    metadata: {
      filterMetadata: {
        istio: {
          services: [
            { host: 'shop.default.svc.cluster.local', name: 'shop', namespace: 'default' },
          ],
        },
      },
    },
  };
  const routes = { routeConfig: routesJson([routeTo('up')]) };
  await using server = await runProxy({
    clusters: [clusterJson('up', [app.port], service)],
    listeners: [httpListenerJson({ ...routes, ...filters }, { trafficDirection: 'INBOUND' })],
  });
  await using client = await runProxy({
    clusters: [clusterJson('up', [server.port], service)],
    listeners: [httpListenerJson({ ...routes, ...filters }, { trafficDirection: 'OUTBOUND' })],
  });
  const response = await client.fetch('/');
  assert.equal(response.headers.get('x-saw-peer'), 'false', 'the app does not see metadata');
  assert.equal(response.headers.get('x-envoy-peer-metadata'), null, 'nor does the caller');
  const series = async (running: typeof client): Promise<string> => {
    const page = await running.admin('/stats/prometheus');
    assert.match(page.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    return (
      (await page.text()).split('\n').find((line) => line.startsWith('istio_requests_total')) ?? ''
    );
  };
  for (const [running, reporter] of [
    [client, 'source'],
    [server, 'destination'],
  ] as const) {
    const line = await series(running);
    for (const label of [
      `reporter="${reporter}"`,
      'source_workload="test-v1"',
      'source_canonical_service="test"',
      'destination_workload="test-v1"',
      'destination_version="v1"',
      'destination_service="shop.default.svc.cluster.local"',
      'destination_service_name="shop"',
      'request_protocol="http"',
      'response_code="200"',
      'response_flags="-"',
      `connection_security_policy="${reporter === 'source' ? 'unknown' : 'none'}"`,
    ]) {
      assert.ok(line.includes(label), `${label} in ${line}`);
    }
    assert.match(line, / 1$/);
  }
  const text = await (await client.admin('/stats/prometheus')).text();
  assert.match(text, /^istio_request_duration_milliseconds_bucket\{.*le="\+Inf"\} 1$/m);
  assert.match(text, /^envoy_cluster_upstream_rq_total\{envoy_cluster_name="up"\} 1$/m);
  assert.match(text, /^# TYPE istio_requests_total counter$/m);
  const used = await client.admin('/stats/prometheus?usedonly&filter=^http');
  const families: readonly string[] = (await used.text()).match(/^envoy_[a-z0-9_]+(?=\{)/gm) ?? [];
  assert.ok(families.includes('envoy_http_downstream_cx_http1_total'));
  assert.ok(families.every((family) => family.startsWith('envoy_http_')));
  assert.ok(!families.includes('envoy_http_downstream_cx_ssl_total'));
});

test('drains: answers what is under way, accepts no more, then ends', async () => {
  const held: (() => void)[] = [];
  await using up = await httpUpstream((_request, response) => {
    held.push(() => response.end('late'));
  });
  const manager = { routeConfig: routesJson([routeTo('up')]) };
  const bootstrap = await bootstrapOf({
    clusters: [clusterJson('up', [up.port])],
    listeners: [httpListenerJson(manager)],
  });
  const proxy = await startProxy(bootstrap);
  const port = proxy.listenerPort('http') ?? 0;
  const idle = await RawClient.connect(port);
  const busy = await RawClient.connect(port);
  busy.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually(() => held.length === 1);
  const drained = proxy.drain(5000);
  await idle.all();
  await assert.rejects(RawClient.connect(port));
  held[0]?.();
  const response = await busy.response();
  assert.equal(response.body.toString(), 'late');
  assert.equal(response.headers.get('connection'), 'close');
  await drained;
});

test('changes the log level, and lists certificates without keys', async () => {
  const clock = { nowMs: () => Date.now(), schedule: () => () => undefined };
  const lines: string[] = [];
  const adjustable = createAdjustableLog(clock, (line) => lines.push(line), 'info');
  const authority = createCertificateAuthority({ commonName: 'root' }, clock);
  const issued = authority.issue({
    subject: { commonName: 'gw' },
    altNames: [{ kind: 'dns', value: 'gw.example' }],
    lifetimeMs: 10 * 86_400_000,
  });
  const certificate = {
    certificateChain: { inlineString: issued.certificate },
    privateKey: { inlineString: issued.key },
  };
  const transportSocket = {
    name: 'envoy.transport_sockets.tls',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      commonTlsContext: { tlsCertificates: [certificate] },
    },
  };
  await using up = await namedUpstream('up');
  await using running = await runProxy(
    { clusters: [clusterJson('up', [up.port], { transportSocket })], routes: [routeTo('up')] },
    { log: adjustable.log, logLevel: adjustable },
  );
  adjustable.log.debug('hidden');
  assert.equal((await running.admin('/logging?level=nonsense', { method: 'POST' })).status, 400);
  const changed = await running.admin('/logging?level=debug', { method: 'POST' });
  assert.equal(await changed.text(), 'active loggers:\n  main: debug\n');
  adjustable.log.debug('shown');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { message: string }).message),
    ['shown'],
  );
  await (await running.fetch('/')).text();
  const text = await (await running.admin('/certs')).text();
  assert.match(text, /"dns": "gw\.example"/);
  assert.match(text, /"days_until_expiration": "9"|"days_until_expiration": "10"/);
  const days = await (await running.admin('/stats?filter=days_until')).text();
  assert.match(days, /^server\.days_until_first_cert_expiring: (?:9|10)$/m);
  assert.doesNotMatch(text, /PRIVATE/);
});
