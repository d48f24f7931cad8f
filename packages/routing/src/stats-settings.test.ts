import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { StatsConfigSchema } from '@lateen/xds/gen/envoy/config/metrics/v3/stats_pb.js';
import { compileStatsSettings } from './stats-settings.ts';

const compile = (config: JsonValue) => compileStatsSettings(fromJson(StatsConfigSchema, config));

test('buckets of the first rule that names a histogram', () => {
  const { value } = compile({
    histogramBucketSettings: [
      { match: { prefix: 'istiocustom' }, buckets: [1, 10, 100] },
      { match: { exact: 'cluster.up.upstream_rq_time' }, buckets: [5] },
      { match: { prefix: 'cluster' }, buckets: [7] },
    ],
  });
  assert.deepEqual(value?.bucketsOf('istio_request_duration_milliseconds'), [1, 10, 100]);
  assert.deepEqual(value?.bucketsOf('cluster.up.upstream_rq_time'), [5]);
  assert.deepEqual(value?.bucketsOf('cluster.other.upstream_rq_time'), [7]);
  assert.equal(value?.bucketsOf('http.x.downstream_rq_time'), undefined);
});

test('statistics that are kept', () => {
  const names = ['server.live', 'cluster.up.upstream_rq_total', 'istio_requests_total'];
  const rows: readonly (readonly [JsonValue, readonly boolean[]])[] = [
    [{}, [true, true, true]],
    [{ statsMatcher: { rejectAll: true } }, [false, false, false]],
    [
      {
        statsMatcher: {
          inclusionList: { patterns: [{ prefix: 'server' }, { prefix: 'istiocustom' }] },
        },
      },
      [true, false, true],
    ],
    [
      { statsMatcher: { exclusionList: { patterns: [{ safeRegex: { regex: 'cluster\\..*' } }] } } },
      [true, false, true],
    ],
  ];
  for (const [config, expected] of rows) {
    const { value } = compile(config);
    assert.deepEqual(
      names.map((name) => value?.accepts(name)),
      expected,
    );
  }
});

test('buckets that do not rise are refused', () => {
  for (const buckets of [[], [0, 1], [5, 5], [5, 1]]) {
    const { value, diagnostics } = compile({
      histogramBucketSettings: [{ match: { prefix: 'a' }, buckets }],
    });
    assert.equal(value, undefined);
    assert.equal(diagnostics[0]?.path, 'stats_config.histogram_bucket_settings[0].buckets');
  }
});
