import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { PluginConfigSchema } from '@lateen/xds/gen/istio/envoy/extensions/stats/config_pb.js';
import { Findings } from './findings.ts';
import { compileMeshStats } from './mesh-stats-compilation.ts';
import { defaultMeshStats } from './mesh-stats-settings.ts';

const compile = (config: JsonValue) => {
  const findings = new Findings();
  const settings = compileMeshStats(fromJson(PluginConfigSchema, config), findings, 'config');
  const warnings = findings.checked(settings).diagnostics.map(({ path }) => path);
  return { settings, warnings };
};

test('a filter without settings', () => {
  assert.deepEqual(compile({}).settings, defaultMeshStats);
});

test('settings of the filter', () => {
  const { settings } = compile({
    disableHostHeaderFallback: true,
    tcpReportingDuration: '15s',
    reporter: 'SERVER_GATEWAY',
    rotationInterval: '3600s',
  });
  assert.deepEqual(settings, {
    kind: 'mesh-stats',
    namesUnknownByHost: false,
    tcpReportingMs: 15_000,
    reporter: 'waypoint',
    overrides: undefined,
    rotationMs: 3_600_000,
  });
});

test('metrics are dropped, labels removed, replaced and added', () => {
  const { settings, warnings } = compile({
    metrics: [
      { name: 'request_bytes', drop: true },
      { tagsToRemove: ['source_principal'], dimensions: { request_host: 'request.host' } },
      {
        name: 'requests_total',
        dimensions: { destination_port: 'string(destination.port)', source_app: '"all"' },
      },
    ],
  });
  assert.deepEqual(warnings, []);
  const { dropped, labels } = settings.overrides ?? assert.fail('nothing is overridden');
  assert.deepEqual([...dropped], ['request_bytes']);
  const requests = labels.get('requests_total');
  assert.deepEqual([...(requests?.replaced.keys() ?? [])], ['source_principal', 'source_app']);
  assert.equal(requests?.replaced.get('source_principal'), undefined);
  assert.deepEqual(
    requests?.added.map(([label]) => label),
    ['request_host', 'destination_port'],
  );
  assert.equal(labels.get('tcp_sent_bytes_total')?.added[0]?.[1].source, 'request.host');
});

test('metrics of one’s own have the labels that are given to all or to them', () => {
  const { settings, warnings } = compile({
    definitions: [
      { name: 'big_requests_total', value: 'request.size > 1000 ? 1 : 0' },
      { name: 'response_size', value: 'response.size', type: 'HISTOGRAM' },
    ],
    metrics: [
      { name: 'big_requests_total', dimensions: { reporter: '"me"' } },
      { dimensions: { method: 'request.method' } },
    ],
  });
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    settings.overrides?.custom.map(({ family, type, labels }) => [
      family,
      type,
      labels.map(([label]) => label),
    ]),
    [
      ['istio_big_requests_total', 'counter', ['reporter', 'method']],
      ['istio_response_size', 'histogram', ['method']],
    ],
  );
});

test('what means nothing is left out with a warning', () => {
  const { settings, warnings } = compile({
    definitions: [
      { name: 'requests_total', value: '1' },
      { name: 'broken', value: '1 +' },
    ],
    metrics: [
      { name: 'nope', drop: true },
      { dimensions: { 'not a label': '1', bad: 'request.', __name__: '"x"' } },
    ],
  });
  assert.deepEqual(warnings, [
    'config.definitions[0].name',
    'config.definitions[1].value',
    'config.metrics[0].name',
    'config.metrics[1].dimensions[__name__]',
    'config.metrics[1].dimensions[bad]',
    'config.metrics[1].dimensions[not a label]',
  ]);
  assert.equal(settings.overrides?.custom.length, 0);
  assert.deepEqual(settings.overrides?.labels.get('requests_total')?.added, []);
});
