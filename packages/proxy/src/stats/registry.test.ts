import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { namedUpstream } from '../testing/upstream.ts';
import { StatsRegistry } from './registry.ts';

test('the bootstrap says which statistics there are, and the buckets of histograms', async () => {
  await using up = await namedUpstream('up');
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    routes: [routeTo('up')],
    more: {
      statsConfig: {
        statsMatcher: {
          exclusionList: { patterns: [{ prefix: 'http.' }] },
        },
        histogramBucketSettings: [{ match: { prefix: 'cluster.up.' }, buckets: [1, 1000] }],
      },
    },
  });
  await (await running.fetch('/')).text();
  const page = await (await running.admin('/stats/prometheus')).text();
  assert.doesNotMatch(page, /^envoy_http_downstream/m);
  assert.deepEqual(
    [...page.matchAll(/^envoy_cluster_upstream_rq_time_bucket\{.*le="([^"]+)"\} \d+$/gm)].map(
      ([, bound]) => bound,
    ),
    ['1', '1000', '+Inf'],
  );
});

test('a bootstrap with buckets that do not rise is refused', async () => {
  const statsConfig = { histogramBucketSettings: [{ match: { prefix: 'a' }, buckets: [2, 1] }] };
  await assert.rejects(runProxy({ clusters: [], more: { statsConfig } }), {
    message: /histogram_bucket_settings\[0\]\.buckets/,
  });
});

test('numbers that are read are there whenever somebody looks', () => {
  const stats = new StatsRegistry();
  const gauge = stats.gauge('live');
  let looks = 0;
  stats.beforeRead(() => {
    gauge.value = ++looks;
  });
  const read = (): number => {
    const metric = stats.series()[0]?.metric;
    return metric !== undefined && 'value' in metric ? metric.value : 0;
  };
  assert.deepEqual([read(), read()], [1, 2]);
});
