import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { file_envoy_extensions_load_balancing_policies_least_request_v3_least_request } from '@lateen/xds/gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from '@lateen/xds/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { compileCluster } from './cluster-compilation.ts';
import type { ClusterTable } from './cluster-table.ts';
import { compileEndpoints } from './endpoint-compilation.ts';

const registry = createRegistry(
  file_envoy_extensions_load_balancing_policies_least_request_v3_least_request,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
);
const url = 'type.googleapis.com/envoy.extensions';
const httpOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const compile = (json: object) =>
  compileCluster(fromJson(ClusterSchema, { name: 'c', ...json } as JsonValue, { registry }));

const table = (json: object): ClusterTable => {
  const { value, diagnostics } = compile(json);
  assert.ok(value, JSON.stringify(diagnostics));
  return value;
};

test('defaults are those of Envoy', () => {
  const cluster = table({});
  assert.deepEqual(cluster.discovery, { kind: 'static' });
  assert.equal(cluster.connectTimeoutMs, 5_000);
  assert.deepEqual(cluster.loadBalancing, { kind: 'round-robin' });
  assert.equal(cluster.healthyPanicPercent, 50);
  const thresholds = {
    maxConnections: 1024,
    maxPendingRequests: 1024,
    maxRequests: 1024,
    maxRetries: 3,
  };
  assert.deepEqual(cluster.circuitBreakers, { default: thresholds, high: thresholds });
  assert.equal(cluster.outlierDetection, undefined);
  assert.deepEqual([cluster.http.protocol, cluster.http.idleTimeoutMs], ['http1', 3_600_000]);
  assert.deepEqual(cluster.transport, { kind: 'plain' });
});

test('discovery types', () => {
  const rows: readonly (readonly [object, ClusterTable['discovery']])[] = [
    [{ type: 'EDS' }, { kind: 'eds', serviceName: 'c' }],
    [
      { type: 'EDS', edsClusterConfig: { serviceName: 's' } },
      { kind: 'eds', serviceName: 's' },
    ],
    [{ type: 'STRICT_DNS' }, { kind: 'strict-dns' }],
    [{ type: 'LOGICAL_DNS' }, { kind: 'logical-dns' }],
    [{ type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED' }, { kind: 'original-dst' }],
    [
      { type: 'ORIGINAL_DST', originalDstLbConfig: { useHttpHeader: true } },
      { kind: 'original-dst', header: 'x-envoy-original-dst-host' },
    ],
  ];
  for (const [json, expected] of rows) assert.deepEqual(table(json).discovery, expected);
});

test('load balancing, in the old form and the new', () => {
  const rows: readonly (readonly [object, ClusterTable['loadBalancing']])[] = [
    [
      { lbPolicy: 'LEAST_REQUEST', leastRequestLbConfig: { choiceCount: 3 } },
      { kind: 'least-request', choiceCount: 3, activeRequestBias: 1 },
    ],
    [{ lbPolicy: 'RANDOM' }, { kind: 'random' }],
    [
      { lbPolicy: 'RING_HASH', ringHashLbConfig: { minimumRingSize: 64 } },
      {
        kind: 'ring-hash',
        minimumRingSize: 64,
        maximumRingSize: 8_388_608,
        hashFunction: 'xx-hash',
        consistentHashing: { useHostname: false },
      },
    ],
    [
      { lbPolicy: 'MAGLEV', maglevLbConfig: { tableSize: 251 } },
      { kind: 'maglev', tableSize: 251, consistentHashing: { useHostname: false } },
    ],
    [
      { roundRobinLbConfig: { slowStartConfig: { slowStartWindow: '60s' } } },
      { kind: 'round-robin', slowStart: { windowMs: 60_000, aggression: 1, minWeightPercent: 10 } },
    ],
    [
      {
        loadBalancingPolicy: {
          policies: [
            {
              typedExtensionConfig: {
                name: 'lr',
                typedConfig: {
                  '@type': `${url}.load_balancing_policies.least_request.v3.LeastRequest`,
                  choiceCount: 5,
                },
              },
            },
          ],
        },
      },
      { kind: 'least-request', choiceCount: 5, activeRequestBias: 1 },
    ],
  ];
  for (const [json, expected] of rows) assert.deepEqual(table(json).loadBalancing, expected);
});

test('protocols and connection limits of the upstream', () => {
  const options = (json: object) =>
    table({
      typedExtensionProtocolOptions: {
        [httpOptions]: { '@type': `${url}.upstreams.http.v3.HttpProtocolOptions`, ...json },
      },
    }).http;
  assert.equal(options({ explicitHttpConfig: { http2ProtocolOptions: {} } }).protocol, 'http2');
  assert.equal(options({ explicitHttpConfig: { httpProtocolOptions: {} } }).protocol, 'http1');
  assert.equal(options({ useDownstreamProtocolConfig: {} }).protocol, 'downstream');
  assert.equal(options({ autoConfig: {} }).protocol, 'auto');
  const limited = options({
    explicitHttpConfig: { http2ProtocolOptions: { maxConcurrentStreams: 9 } },
    commonHttpProtocolOptions: { idleTimeout: '0s', maxRequestsPerConnection: 7 },
  });
  assert.deepEqual([limited.idleTimeoutMs, limited.maxRequestsPerConnection], [0, 7]);
  assert.equal(limited.http2.maxConcurrentStreams, 9);
  assert.equal(table({ http2ProtocolOptions: {} }).http.protocol, 'http2');
});

test('outlier detection fills in what is not said', () => {
  const outlier = table({ outlierDetection: { consecutive5xx: 2, baseEjectionTime: '600s' } });
  assert.equal(outlier.outlierDetection?.consecutive5xx, 2);
  assert.equal(outlier.outlierDetection?.intervalMs, 10_000);
  assert.equal(outlier.outlierDetection?.maxEjectionPercent, 10);
  assert.equal(outlier.outlierDetection?.maxEjectionTimeMs, 600_000);
});

test('transport sockets by endpoint metadata', () => {
  const tls = (sni: string) => ({
    name: 'tls',
    typedConfig: { '@type': `${url}.transport_sockets.tls.v3.UpstreamTlsContext`, sni },
  });
  const cluster = table({
    transportSocketMatches: [
      { name: 'mtls', match: { tlsMode: 'istio' }, transportSocket: tls('a') },
      { name: 'plain', match: {}, transportSocket: { name: 'envoy.transport_sockets.raw_buffer' } },
    ],
    transportSocket: tls('b'),
  });
  const select = (metadata: object) =>
    cluster.selectTransport({ 'envoy.transport_socket_match': metadata });
  const chosen = select({ tlsMode: 'istio', other: 1 });
  assert.ok(chosen.kind === 'tls');
  assert.equal(chosen.tls.serverName, 'a');
  assert.equal(select({ tlsMode: 'disabled' }).kind, 'plain');
  assert.equal(cluster.selectTransport({}).kind, 'plain');
});

test('bad clusters are refused with the field', () => {
  const rows: readonly (readonly [object, string])[] = [
    [{ name: '' }, 'name'],
    [{ connectTimeout: '0s' }, 'connect_timeout'],
    [{ lbPolicy: 'MAGLEV', maglevLbConfig: { tableSize: 100 } }, 'maglev_lb_config.table_size'],
    [{ loadBalancingPolicy: { policies: [] } }, 'load_balancing_policy'],
    [{ clusterType: { name: 'x' } }, 'cluster_type'],
    [
      { loadAssignment: { endpoints: [{ lbEndpoints: [{}] }] } },
      'load_assignment.endpoints[0].lb_endpoints[0].host_identifier',
    ],
  ];
  for (const [json, path] of rows) {
    const { value, diagnostics } = compile(json);
    assert.equal(value, undefined, path);
    assert.equal(diagnostics[0]?.path, path);
  }
});

test('endpoints become one flat list', () => {
  const address = (host: string, portValue: number) => ({
    address: { socketAddress: { address: host, portValue } },
  });
  const { value } = compileEndpoints(
    fromJson(ClusterLoadAssignmentSchema, {
      clusterName: 'outbound|9080||reviews',
      endpoints: [
        {
          locality: { region: 'r', zone: 'z' },
          loadBalancingWeight: 3,
          lbEndpoints: [
            { endpoint: address('10.0.0.1', 9080), metadata: { filterMetadata: { a: { b: 1 } } } },
            {
              endpoint: address('fd00::1', 9080),
              healthStatus: 'UNHEALTHY',
              loadBalancingWeight: 7,
            },
          ],
        },
        {
          priority: 1,
          lbEndpoints: [
            { endpoint: { address: { pipe: { path: '/run/x' } }, hostname: 'x.com' } },
            { endpoint: address('10.0.0.2', 1), healthStatus: 'DRAINING' },
          ],
        },
      ],
      policy: { dropOverloads: [{ category: 'd', dropPercentage: { numerator: 5 } }] },
    }),
  );
  assert.deepEqual(
    value?.endpoints.map((e) => [e.key, e.weight, e.health, e.priority, e.localityWeight]),
    [
      ['10.0.0.1:9080', 1, 'healthy', 0, 3],
      ['[fd00::1]:9080', 7, 'unhealthy', 0, 3],
      ['/run/x', 1, 'healthy', 1, undefined],
      ['10.0.0.2:1', 1, 'draining', 1, undefined],
    ],
  );
  assert.deepEqual(value?.endpoints[0]?.metadata, { a: { b: 1 } });
  assert.equal(value?.endpoints[2]?.hostname, 'x.com');
  assert.equal(value?.priorities, 2);
  assert.equal(value?.overprovisioningPercent, 140);
  assert.deepEqual(value?.drops, [{ category: 'd', fraction: 50_000 }]);
});
