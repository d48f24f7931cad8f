import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { Histogram } from '../../stats/metric.ts';
import type { Series } from '../../stats/registry.ts';
import { RawClient } from '../../testing/raw-client.ts';
import { eventually, type RunningProxy, routeTo, runProxy } from '../../testing/running-proxy.ts';
import {
  clusterJson,
  httpFilters,
  httpListenerJson,
  routesJson,
  tcpListenerJson,
} from '../../testing/static-bootstrap.ts';
import { namedUpstream, rawUpstream, refusedPort } from '../../testing/upstream.ts';
import { overflowValue } from './mesh-series.ts';

const statsFilter = (config: JsonObject): JsonObject => ({
  name: 'istio.stats',
  typedConfig: { '@type': 'type.googleapis.com/stats.PluginConfig', ...config },
});

const meshProxy = (
  config: JsonObject,
  port: number,
  metadata: JsonObject = {},
): Promise<RunningProxy> =>
  runProxy({
    clusters: [clusterJson('up', [port])],
    listeners: [
      httpListenerJson(
        {
          routeConfig: routesJson([routeTo('up', '/known')]),
          httpFilters: httpFilters([statsFilter(config)]),
        },
        { trafficDirection: 'OUTBOUND' },
      ),
    ],
    more: { node: { id: 'sidecar~1', cluster: 'test', metadata } },
  });

const seriesOf = ({ proxy }: RunningProxy, family: string): readonly Series[] =>
  proxy.stats.series().filter((one) => one.family === family);

const amount = ({ metric }: Series): number =>
  metric instanceof Histogram ? metric.count : metric.value;

test('metrics are dropped, labels removed, replaced and added by expression', async () => {
  await using up = await namedUpstream('up');
  await using running = await meshProxy(
    {
      definitions: [{ name: 'posts_total', value: "request.method == 'POST' ? 1 : 0" }],
      metrics: [
        { name: 'request_bytes', drop: true },
        {
          tagsToRemove: ['source_principal'],
          dimensions: {
            request_path: 'request.url_path',
            source_app: "'me'",
            nothing: "request.headers['absent']",
            peer: "has(filter_state.upstream_peer) ? 'known' : 'none'",
            where: "node.metadata['ZONE']",
          },
        },
      ],
    },
    up.port,
    { ZONE: 'z1' },
  );
  for (const path of ['/known/a?x=1', '/known/a?x=2', '/known/b']) {
    await (await running.fetch(path, { method: 'POST' })).text();
  }
  assert.deepEqual(seriesOf(running, 'istio_request_bytes'), []);
  const requests = seriesOf(running, 'istio_requests_total');
  assert.deepEqual(requests.map((one) => [one.labels['request_path'], amount(one)]).sort(), [
    ['/known/a', 2],
    ['/known/b', 1],
  ]);
  const { labels } = requests[0] ?? assert.fail('no requests');
  const { source_app: app, source_principal: principal, nothing, peer, where } = labels;
  assert.deepEqual(
    { app, principal, nothing, peer, where },
    { app: 'me', principal: undefined, nothing: 'unknown', peer: 'none', where: 'z1' },
  );
  const posts = seriesOf(running, 'istio_posts_total');
  assert.equal(
    posts.reduce((sum, one) => sum + amount(one), 0),
    3,
  );
});

test('hosts and paths that clients make up do not fill the memory', async () => {
  await using up = await namedUpstream('up');
  const byPath = { metrics: [{ dimensions: { request_path: 'request.url_path' } }] };
  for (const [config, path] of [
    [{}, () => '/nowhere'],
    [byPath, (index: number) => `/known/${index}`],
  ] as const) {
    await using running = await meshProxy(config, up.port, { LATEEN_STATS_MAX_SERIES: 40 });
    const client = await RawClient.connect(running.port);
    const count = 50;
    for (let index = 0; index < count; index++) {
      client.send(`GET ${path(index)} HTTP/1.1\r\nhost: h${index}.example\r\n\r\n`);
      await client.response();
    }
    const requests = seriesOf(running, 'istio_requests_total');
    assert.equal(requests.length, 11, 'ten with labels of their own, one for the rest');
    assert.equal(
      requests.reduce((sum, one) => sum + amount(one), 0),
      count,
    );
    const rest = requests.find(({ labels }) => labels['destination_service'] === overflowValue);
    assert.equal(rest && amount(rest), 40);
    assert.equal(rest?.labels['reporter'], 'source');
    const page = await (await running.admin('/stats/prometheus')).text();
    assert.match(page, /^lateen_stats_overflow_total(\{\})? 160$/m);
    client.socket.destroy();
  }
});

test('a host is no name of a service where that is switched off', async () => {
  await using up = await namedUpstream('up');
  await using running = await meshProxy({ disableHostHeaderFallback: true }, up.port);
  await (await running.fetch('/nowhere')).text();
  const [requests] = seriesOf(running, 'istio_requests_total');
  assert.equal(requests?.labels['destination_service'], 'unknown');
});

const tcpProxy = (cluster: string, ports: readonly number[], config: JsonObject) => {
  const listener = tcpListenerJson({ cluster });
  const [chain] = listener['filterChains'] as JsonObject[];
  const filters = chain?.['filters'] as JsonObject[];
  filters.unshift(statsFilter(config));
  return runProxy({
    clusters: [clusterJson(cluster, ports)],
    listeners: [{ ...listener, trafficDirection: 'OUTBOUND' }],
  });
};

test('bytes of open connections are reported as they come', async () => {
  await using up = await rawUpstream((socket) => socket.pipe(socket));
  await using running = await tcpProxy('up', [up.port], { tcpReportingDuration: '0.005s' });
  const client = await RawClient.connect(running.port);
  client.send('hello');
  await client.until((bytes) => bytes.length === 5);
  const count = (family: string): number =>
    seriesOf(running, family).reduce((sum, one) => sum + amount(one), 0);
  await eventually(() => count('istio_tcp_received_bytes_total') === 5);
  assert.equal(count('istio_tcp_connections_opened_total'), 1);
  assert.equal(count('istio_tcp_connections_closed_total'), 0);
  client.send('again');
  client.socket.end();
  await client.all();
  await eventually(() => count('istio_tcp_connections_closed_total') === 1);
  assert.equal(count('istio_tcp_received_bytes_total'), 10);
  assert.equal(count('istio_tcp_sent_bytes_total'), 10);
});

test('a connection that reaches nobody is opened and closed', async () => {
  await using running = await tcpProxy('dead', [refusedPort], {});
  const client = await RawClient.connect(running.port);
  await client.all();
  for (const what of ['opened', 'closed']) {
    await eventually(() => seriesOf(running, `istio_tcp_connections_${what}_total`).length > 0);
    const [one] = seriesOf(running, `istio_tcp_connections_${what}_total`);
    assert.equal(one && amount(one), 1);
    assert.equal(one?.labels['response_flags'], 'UF');
  }
});
