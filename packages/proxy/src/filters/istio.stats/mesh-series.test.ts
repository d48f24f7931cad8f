import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, silentLogger } from '@lateen/base';
import fc from 'fast-check';
import { StatsRegistry } from '../../stats/registry.ts';
import { createMeshSeries, MeshSeries, overflowValue } from './mesh-series.ts';

fc.configureGlobal({ seed: 20_261_121 });

const labels = (host: string) => ({ reporter: 'source', destination_service: host });

test('beyond the bound sums stay right, labels are lost, and it is said once', () => {
  const lines: string[] = [];
  const clock = { nowMs: () => 0, schedule: () => () => undefined };
  const log = createLogger({ clock, sink: (line) => lines.push(line) });
  const stats = new StatsRegistry();
  const series = new MeshSeries(stats, log, 3);
  for (const host of ['a', 'b', 'c', 'd', 'a', 'e', 'd']) {
    series.counter('istio_requests_total', labels(host)).value++;
  }
  const count = (host: string): number | undefined => {
    const metric = stats.get('istio_requests_total', labels(host));
    return metric && 'value' in metric ? metric.value : undefined;
  };
  assert.deepEqual(['a', 'b', 'c', 'd', 'e', overflowValue].map(count), [
    2,
    1,
    1,
    undefined,
    undefined,
    3,
  ]);
  assert.equal(stats.counter('lateen_stats_overflow_total').value, 3);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /"maxSeries":3/);
});

test('random labels from the network never make more series than the bound', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 200 }), (hosts) => {
      const stats = new StatsRegistry();
      const before = stats.size;
      const series = new MeshSeries(stats, silentLogger, 20);
      for (const host of hosts) series.counter('istio_requests_total', labels(host)).value++;
      assert.ok(stats.size - before <= 22, 'the bound, one for the rest, the counter of overflow');
      const sum = stats
        .series()
        .filter(({ family }) => family === 'istio_requests_total')
        .reduce((total, { metric }) => total + ('value' in metric ? metric.value : 0), 0);
      assert.equal(sum, hosts.length);
    }),
  );
});

test('series without traffic are given up, and their place is free again', () => {
  const stats = new StatsRegistry();
  const series = new MeshSeries(stats, silentLogger, 2);
  const busy = series.counter('istio_requests_total', labels('busy'));
  series.counter('istio_requests_total', labels('quiet')).value++;
  series.rotate(1000, 1000);
  busy.value++;
  series.counter('istio_requests_total', labels('quiet')).value++;
  series.rotate(1000, 2000);
  busy.value++;
  series.rotate(1000, 2500);
  assert.notEqual(stats.get('istio_requests_total', labels('quiet')), undefined, 'not yet');
  series.rotate(1000, 3000);
  assert.equal(stats.get('istio_requests_total', labels('quiet')), undefined);
  assert.equal(stats.get('istio_requests_total', labels('busy')), busy);
  assert.equal(series.generation, 1);
  series.counter('istio_requests_total', labels('new')).value++;
  assert.notEqual(stats.get('istio_requests_total', labels('new')), undefined);
});

test('the bound is a matter of node metadata, the version is told', () => {
  const stats = new StatsRegistry();
  const metadata = { LATEEN_STATS_MAX_SERIES: '1', ISTIO_VERSION: '1.30.0' };
  const series = createMeshSeries(stats, silentLogger, metadata);
  series.counter('x', { a: '1' });
  series.counter('x', { a: '2' });
  assert.equal(series.size, 1);
  const build = stats.get('istio_build', { component: 'proxy', tag: '1.30.0' });
  assert.ok(build !== undefined && 'value' in build && build.value === 1);
});
