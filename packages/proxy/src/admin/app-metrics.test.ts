import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { httpUpstream, namedUpstream, refusedPort } from '../testing/upstream.ts';
import { appMetricsTarget } from './app-metrics.ts';

test('where the metrics of an app are', () => {
  const metadata = { LATEEN_APP_PORTS: '{"9080":"127.0.0.1:20001"}' };
  const rows = [
    [undefined, undefined],
    ['nonsense', undefined],
    ['{"scrape":"false","port":"9080"}', undefined],
    ['{"scrape":"true","port":"15020"}', undefined],
    ['{"scrape":"true","port":"x"}', undefined],
    [
      '{"scrape":"true","path":"","port":"9080"}',
      { host: '127.0.0.1', port: 20_001, path: '/metrics' },
    ],
    [
      '{"scrape":"true","path":"stats","port":"9091"}',
      { host: '127.0.0.1', port: 9091, path: '/stats' },
    ],
    ['{"scrape":"true","path":"/p","port":""}', { host: '127.0.0.1', port: 80, path: '/p' }],
  ] as const;
  for (const [annotations, expected] of rows) {
    assert.deepEqual(appMetricsTarget(annotations, metadata), expected, annotations);
  }
});

const annotations = (port: number): string =>
  JSON.stringify({ scrape: 'true', path: '/own', port: String(port) });

/** Ports of the agent are fixed, so each run has an address of its own. */
const statusAddress = `127.93.${(process.pid >> 8) & 255}.${process.pid & 255}`;

const scrape = async (port: number): Promise<string> => {
  const response = await fetch(`http://${statusAddress}:${port}/stats/prometheus`, {
    headers: { connection: 'close' },
  });
  assert.equal(response.status, 200);
  return response.text();
};

test('port 15020 has the metrics of the app, the proxy and the agent, 15090 those of the proxy', async () => {
  await using up = await namedUpstream('up');
  await using app = await httpUpstream((request, response) => {
    response.statusCode = request.url === '/own' ? 200 : 404;
    response.end('# TYPE my_orders_total counter\nmy_orders_total 7\n# EOF');
  });
  await using running = await runProxy(
    { clusters: [clusterJson('up', [up.port])], routes: [routeTo('up')] },
    { statusAddress, prometheusAnnotations: annotations(app.port) },
  );
  await (await running.fetch('/')).text();
  const merged = await scrape(15_020);
  for (const pattern of [
    /^my_orders_total 7$/m,
    /^envoy_server_live\{\} 1$/m,
    /^envoy_server_state\{\} 0$/m,
    /^envoy_server_memory_allocated\{\} [1-9][0-9]+$/m,
    /^envoy_server_days_until_first_cert_expiring\{\} 4294967295$/m,
    /^envoy_cluster_manager_active_clusters\{\} 1$/m,
    /^envoy_cluster_manager_cluster_added\{\} 1$/m,
    /^envoy_listener_manager_total_listeners_active\{\} 1$/m,
    /^envoy_listener_manager_listener_create_success\{\} 1$/m,
    /^envoy_cluster_upstream_cx_connect_ms_count\{envoy_cluster_name="up"\} 1$/m,
    /^envoy_cluster_upstream_cx_http1_total\{envoy_cluster_name="up"\} 1$/m,
    /^envoy_cluster_upstream_cx_http2_total\{envoy_cluster_name="up"\} 0$/m,
    /^istio_build\{component="proxy",tag="unknown"\} 1$/m,
    /^istio_agent_scrapes_total\{\} 1$/m,
    /^istio_agent_process_resident_memory_bytes\{\} [1-9][0-9]+$/m,
  ]) {
    assert.match(merged, pattern);
  }
  assert.doesNotMatch(merged, /# EOF/);
  assert.doesNotMatch(await scrape(15_090), /my_orders_total/);
  // Clients on the network choose no filters.
  const plain = await fetch(`http://${statusAddress}:15090/stats/prometheus?filter=(a%2B)%2B$`, {
    headers: { connection: 'close' },
  });
  assert.match(await plain.text(), /^envoy_server_live/m);
});

test('an app that does not answer costs nobody the metrics of the proxy', async () => {
  await using running = await runProxy(
    { clusters: [] },
    { statusAddress, prometheusAnnotations: annotations(refusedPort) },
  );
  assert.match(await scrape(15_020), /^envoy_server_live\{\} 1$/m);
  const failures = { type: 'application' };
  await eventually(() => {
    const metric = running.proxy.stats.get('istio_agent_scrape_failures_total', failures);
    return metric !== undefined && 'value' in metric && metric.value === 1;
  });
});
