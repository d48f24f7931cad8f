import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary, type JsonObject } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterConfigSchema } from '@lateen/xds/gen/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.js';
import { HttpConnectionManagerSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { UpstreamTlsContextSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { readExtensionProviders } from '../input/extension-provider.ts';
import { buildListeners } from '../listener/build-listeners.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { ingressGateway, pushOf, sidecarOf } from '../testing/test-mesh.ts';
import { buildClusters } from './build-clusters.ts';

const reviews = 'reviews.default.svc.cluster.local';
const productpage = (metadata = {}) => sidecarOf('productpage-v1-abc-1', '127.9.0.1', metadata);

const destinationRule = (spec: string, name = 'dr', namespace = 'default'): string => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
---
`;
const policy = (trafficPolicy: string): string =>
  destinationRule(`{ host: reviews, trafficPolicy: ${trafficPolicy} }`);

const clusterOf = (
  yaml: string,
  name = `outbound|9080||${reviews}`,
  config: Partial<MeshConfig> = {},
): Cluster => {
  const found = buildClusters(pushOf(yaml, config), productpage()).find(
    (resource) => resource.name === name,
  );
  assert.ok(found, `no cluster ${name}`);
  return found.message;
};

const serviceEntry = (spec: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: entry }
spec: ${spec}
---
`;

test('a sidecar has a cluster for each service port and subset, its own port, and the special ones', () => {
  // Rules for one host add up, the older subset of a name winning.
  const yaml =
    destinationRule('{ host: reviews, subsets: [{ name: v1, labels: { version: v1 } }] }', 'a') +
    destinationRule(
      '{ host: reviews, subsets: [{ name: v1, labels: { version: v3 } }, { name: v2, labels: { version: v2 } }] }',
      'b',
    );
  const names = buildClusters(pushOf(yaml), productpage()).map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !name.includes('istio-system')),
    [
      'outbound|9080||productpage.default.svc.cluster.local',
      'outbound|9080||details.default.svc.cluster.local',
      `outbound|9080||${reviews}`,
      `outbound|9080|v1|${reviews}`,
      `outbound|9080|v2|${reviews}`,
      'outbound|9080||ratings.default.svc.cluster.local',
      'BlackHoleCluster',
      'PassthroughCluster',
      'inbound|9080||',
    ],
  );
});

test('metadata says which rule, service and subset a cluster is', () => {
  const yaml = destinationRule(
    '{ host: reviews, subsets: [{ name: v1, labels: { version: v1 } }] }',
  );
  assert.deepEqual(
    clusterOf(yaml, `outbound|9080|v1|${reviews}`).metadata?.filterMetadata['istio'],
    {
      config: '/apis/networking.istio.io/v1/namespaces/default/destination-rule/dr',
      default_original_port: 9080,
      services: [{ host: reviews, name: 'reviews', namespace: 'default' }],
      subset: 'v1',
    },
  );
});

test('balancers', () => {
  const rows: [string, Cluster_LbPolicy][] = [
    ['{}', Cluster_LbPolicy.LEAST_REQUEST],
    ['{ simple: UNSPECIFIED }', Cluster_LbPolicy.LEAST_REQUEST],
    ['{ simple: LEAST_CONN }', Cluster_LbPolicy.LEAST_REQUEST],
    ['{ simple: LEAST_REQUEST }', Cluster_LbPolicy.LEAST_REQUEST],
    ['{ simple: ROUND_ROBIN }', Cluster_LbPolicy.ROUND_ROBIN],
    ['{ simple: RANDOM }', Cluster_LbPolicy.RANDOM],
    ['{ simple: PASSTHROUGH }', Cluster_LbPolicy.CLUSTER_PROVIDED],
    ['{ consistentHash: { useSourceIp: true } }', Cluster_LbPolicy.RING_HASH],
    [
      '{ consistentHash: { httpHeaderName: x, maglev: { tableSize: 7 } } }',
      Cluster_LbPolicy.MAGLEV,
    ],
  ];
  for (const [loadBalancer, expected] of rows) {
    assert.equal(
      clusterOf(policy(`{ loadBalancer: ${loadBalancer} }`)).lbPolicy,
      expected,
      loadBalancer,
    );
  }
  const ring = clusterOf(
    policy('{ loadBalancer: { consistentHash: { useSourceIp: true } } }'),
  ).lbConfig;
  assert.equal(ring.case === 'ringHashLbConfig' && ring.value.minimumRingSize, 1024n);
});

test('limits are lifted unless a rule sets them, and zero sets none', () => {
  const limits = (yaml: string): number[] => {
    const [threshold] = clusterOf(yaml).circuitBreakers!.thresholds;
    const {
      maxConnections = 0,
      maxPendingRequests = 0,
      maxRequests = 0,
      maxRetries = 0,
    } = threshold!;
    return [maxConnections, maxPendingRequests, maxRequests, maxRetries];
  };
  const free = 4_294_967_295;
  assert.deepEqual(limits(''), [free, free, free, free]);
  assert.deepEqual(
    limits(
      policy(
        '{ connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 2, http2MaxRequests: 3, maxRetries: 0 } } }',
      ),
    ),
    [1, 2, 3, free],
  );
});

test('outlier detection as the tutorial and its old field names write it', () => {
  assert.equal(clusterOf('').outlierDetection, undefined);
  const detection = clusterOf(
    policy('{ outlierDetection: { consecutiveErrors: 10, interval: 5m, baseEjectionTime: 10m } }'),
  ).outlierDetection;
  assert.equal(detection?.consecutive5xx, 10);
  assert.equal(detection?.interval?.seconds, 300n);
  assert.equal(detection?.baseEjectionTime?.seconds, 600n);
  assert.equal(detection?.enforcingSuccessRate, 0);
  const off = clusterOf(
    policy('{ outlierDetection: { consecutive5xxErrors: 0 } }'),
  ).outlierDetection;
  assert.equal(off?.enforcingConsecutive5xx, 0);
});

test('subset blocks replace, port blocks replace everything', () => {
  const yaml = destinationRule(`{
    host: reviews,
    trafficPolicy: {
      loadBalancer: { simple: RANDOM }, connectionPool: { tcp: { maxConnections: 5 } },
      portLevelSettings: [{ port: { number: 80 }, loadBalancer: { simple: ROUND_ROBIN } }] },
    subsets: [
      { name: plain, labels: {} },
      { name: own, labels: {}, trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } } },
      { name: port, labels: {}, trafficPolicy: { portLevelSettings: [{ port: { number: 9080 }, tls: { mode: DISABLE } }] } }] }`);
  const rows: [string, Cluster_LbPolicy, number][] = [
    ['', Cluster_LbPolicy.RANDOM, 5],
    ['plain', Cluster_LbPolicy.RANDOM, 5],
    ['own', Cluster_LbPolicy.ROUND_ROBIN, 5],
    ['port', Cluster_LbPolicy.LEAST_REQUEST, 4_294_967_295],
  ];
  for (const [subset, lbPolicy, maxConnections] of rows) {
    const cluster = clusterOf(yaml, `outbound|9080|${subset}|${reviews}`);
    assert.equal(cluster.lbPolicy, lbPolicy, subset);
    assert.equal(cluster.circuitBreakers?.thresholds[0]?.maxConnections, maxConnections, subset);
  }
});

test('rules are looked up in the namespace of the client, of the service, of the mesh', () => {
  const rule = (namespace: string, simple: string, exportTo = "['*']") =>
    destinationRule(
      `{ host: ${reviews}, exportTo: ${exportTo}, trafficPolicy: { loadBalancer: { simple: ${simple} } } }`,
      `${simple.toLowerCase()}`,
      namespace,
    );
  const client = sidecarOf('client.other', '127.9.0.50');
  const balancer = (yaml: string): Cluster_LbPolicy | undefined =>
    buildClusters(pushOf(yaml), client).find(({ name }) => name === `outbound|9080||${reviews}`)
      ?.message.lbPolicy;
  const root = rule('istio-system', 'RANDOM');
  const service = rule('default', 'ROUND_ROBIN');
  const own = rule('other', 'PASSTHROUGH');
  assert.equal(balancer(root), Cluster_LbPolicy.RANDOM);
  assert.equal(balancer(root + service), Cluster_LbPolicy.ROUND_ROBIN);
  assert.equal(balancer(root + service + own), Cluster_LbPolicy.CLUSTER_PROVIDED);
  assert.equal(balancer(rule('default', 'ROUND_ROBIN', "['.']")), Cluster_LbPolicy.LEAST_REQUEST);
});

test('TLS origination names secrets and checks names', () => {
  const cluster = clusterOf(
    policy(
      '{ tls: { mode: MUTUAL, clientCertificate: c.pem, privateKey: k.pem, caCertificates: ca.pem, sni: a, subjectAltNames: [b] } }',
    ),
  );
  const context = fromBinary(
    UpstreamTlsContextSchema,
    cluster.transportSocket!.configType.value!.value,
  );
  assert.equal(context.sni, 'a');
  assert.equal(
    context.commonTlsContext?.tlsCertificateSdsSecretConfigs[0]?.name,
    'file-cert:c.pem~k.pem',
  );
  const validation = context.commonTlsContext?.validationContextType;
  assert.equal(validation?.case, 'combinedValidationContext');
  assert.equal(
    validation?.case === 'combinedValidationContext' &&
      validation.value.validationContextSdsSecretConfig?.name,
    'file-root:ca.pem',
  );
});

test('resolutions of ServiceEntries become discovery types', () => {
  const rows: [string, Cluster_DiscoveryType][] = [
    ['NONE', Cluster_DiscoveryType.ORIGINAL_DST],
    ['STATIC', Cluster_DiscoveryType.EDS],
    ['DNS', Cluster_DiscoveryType.STRICT_DNS],
    ['DNS_ROUND_ROBIN', Cluster_DiscoveryType.LOGICAL_DNS],
  ];
  for (const [resolution, type] of rows) {
    const yaml = serviceEntry(
      `{ hosts: [api.example.com], ports: [{ number: 443, name: tls, protocol: TLS }], resolution: ${resolution} }`,
    );
    const cluster = clusterOf(yaml, 'outbound|443||api.example.com');
    assert.equal(cluster.clusterDiscoveryType.value, type, resolution);
    if (resolution.startsWith('DNS')) {
      assert.equal(cluster.loadAssignment?.endpoints[0]?.lbEndpoints.length, 1);
    }
  }
});

test('DYNAMIC_DNS: the cluster and the filter share one cache of names', () => {
  const yaml = serviceEntry(
    '{ hosts: ["*.example.com"], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DYNAMIC_DNS }',
  );
  const { clusterDiscoveryType: type, lbPolicy } = clusterOf(yaml, 'outbound|80||*.example.com');
  assert.equal(lbPolicy, Cluster_LbPolicy.CLUSTER_PROVIDED);
  assert.ok(type.case === 'clusterType' && type.value.typedConfig);
  assert.equal(type.value.name, 'envoy.clusters.dynamic_forward_proxy');
  const config = fromBinary(ClusterConfigSchema, type.value.typedConfig.value);
  const { case: kind, value: cache } = config.clusterImplementationSpecifier;
  assert.equal(kind === 'dnsCacheConfig' && cache.name, 'dynamic_forward_proxy_cache_config');
  const filtersOf = (text: string): string[] =>
    buildListeners(pushOf(text), productpage())
      .filter(({ name }) => name.endsWith('_15002'))
      .flatMap(({ message }) => message.filterChains[0]?.filters ?? [])
      .flatMap(({ configType }) =>
        configType.case === 'typedConfig'
          ? fromBinary(HttpConnectionManagerSchema, configType.value.value).httpFilters
          : [],
      )
      .map((filter) => filter.name);
  assert.deepEqual(filtersOf(yaml).slice(-2), [
    'envoy.filters.http.dynamic_forward_proxy',
    'envoy.filters.http.router',
  ]);
  assert.ok(filtersOf('').length > 1);
  assert.ok(!filtersOf('').includes('envoy.filters.http.dynamic_forward_proxy'));
});

test('the app is reached where the proxy says it listens', () => {
  const app = (metadata: object): string => {
    const inbound = buildClusters(pushOf(''), productpage(metadata)).find(
      ({ name }) => name === 'inbound|9080||',
    );
    const [group] = inbound!.message.loadAssignment?.endpoints ?? [];
    const host = group?.lbEndpoints[0]?.hostIdentifier.value;
    const address = typeof host === 'object' ? host.address?.address.value : undefined;
    return address?.$typeName === 'envoy.config.core.v3.SocketAddress'
      ? `${address.address}:${address.portSpecifier.value}`
      : Cluster_DiscoveryType[
          inbound!.message.clusterDiscoveryType.value as Cluster_DiscoveryType
        ]!;
  };
  assert.equal(app({ LATEEN_APP_PORTS: '{"9080":"127.0.0.1:34567"}' }), '127.0.0.1:34567');
  assert.equal(app({}), '127.0.0.1:9080');
  assert.equal(app({ INTERCEPTION_MODE: 'REDIRECT' }), 'ORIGINAL_DST');
});

test('limits of a service hold at its own side too, upgrades do not', () => {
  const yaml = destinationRule(
    '{ host: productpage, trafficPolicy: { connectionPool: { tcp: { maxConnections: 7 }, http: { h2UpgradePolicy: UPGRADE } } } }',
  );
  const cluster = clusterOf(yaml, 'inbound|9080||');
  assert.equal(cluster.circuitBreakers?.thresholds[0]?.maxConnections, 7);
  assert.deepEqual(cluster.typedExtensionProtocolOptions, {});
});

test('a Sidecar says which ports there are and where the app takes them', () => {
  const yaml = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s }
spec: { ingress: [{ port: { number: 7000, protocol: HTTP, name: http }, defaultEndpoint: 127.0.0.1:9080 }] }
`;
  const proxy = productpage({ LATEEN_APP_PORTS: '{"9080":"127.0.0.1:34567"}' });
  const own = buildClusters(pushOf(yaml), proxy).filter(({ name }) => name.startsWith('inbound'));
  assert.deepEqual(
    own.map(({ name }) => name),
    ['inbound|7000||'],
  );
  const [endpoint] = own[0]!.message.loadAssignment!.endpoints[0]!.lbEndpoints;
  const address =
    endpoint?.hostIdentifier.case === 'endpoint' && endpoint.hostIdentifier.value.address;
  assert.equal(
    address &&
      address.address.case === 'socketAddress' &&
      address.address.value.portSpecifier.value,
    34567,
  );
});

test('a Sidecar leaves in what providers of the mesh are at, and opens no port of it', () => {
  const yaml = `
apiVersion: v1
kind: Service
metadata: { name: otel, namespace: observe }
spec: { clusterIP: 127.9.128.77, ports: [{ name: grpc, port: 4317 }] }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s }
spec: { egress: [{ hosts: ['./*'] }] }
`;
  const hostname = 'otel.observe.svc.cluster.local';
  const extensionProviders =
    readExtensionProviders([
      { name: 'otel', opentelemetry: { service: `observe/${hostname}`, port: 4317 } },
    ]) ?? [];
  const has = (config: Partial<MeshConfig>): boolean =>
    buildClusters(pushOf(yaml, config), productpage()).some(
      ({ name }) => name === `outbound|4317||${hostname}`,
    );
  assert.equal(has({}), false);
  assert.equal(has({ extensionProviders }), true);
  const ports = buildListeners(
    pushOf(yaml, { extensionProviders }),
    productpage({ INTERCEPTION_MODE: 'REDIRECT' }),
  ).map(({ name }) => name);
  assert.ok(ports.includes('0.0.0.0_9080') && !ports.includes('0.0.0.0_4317'));
});

test('a gateway has all services and no ports of its own', () => {
  const names = buildClusters(pushOf(''), ingressGateway()).map(({ name }) => name);
  assert.ok(names.includes(`outbound|9080||${reviews}`));
  assert.ok(!names.some((name) => name.startsWith('inbound') || name === 'PassthroughCluster'));
});

test('a gateway between networks has clusters named as mesh TLS names them, without TLS of its own', () => {
  const yaml = `${policy('{ tls: { mode: SIMPLE } }')}
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: east-west }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 15443, name: tls, protocol: TLS }, hosts: ['*.local'], tls: { mode: AUTO_PASSTHROUGH } }]
`;
  const sni = `outbound_.9080_._.${reviews}`;
  const byName = new Map(
    buildClusters(pushOf(yaml), ingressGateway()).map(({ name, message }) => [name, message]),
  );
  assert.equal(byName.get(sni)?.transportSocket, undefined);
  assert.notEqual(byName.get(`outbound|9080||${reviews}`)?.transportSocket, undefined);
  const { clusterDiscoveryType, edsClusterConfig } = byName.get(sni) ?? {};
  assert.equal(clusterDiscoveryType?.value, Cluster_DiscoveryType.EDS);
  assert.equal(edsClusterConfig?.serviceName, sni);
  const without = buildClusters(pushOf(''), ingressGateway());
  assert.ok(without.every(({ name }) => !name.startsWith('outbound_')));
});

test('a proxy bound to loopback leaves it only towards the outside', () => {
  const outside = serviceEntry(
    '{ hosts: [api.example.com], ports: [{ number: 443, name: tls, protocol: TLS }], resolution: DNS }',
  );
  const sources = (metadata: JsonObject): readonly string[] =>
    buildClusters(pushOf(outside), sidecarOf('productpage-v1-abc-1', '127.9.0.1', metadata))
      .filter(({ message }) => message.upstreamBindConfig !== undefined)
      .map(({ name, message }) => `${name} ${message.upstreamBindConfig?.sourceAddress?.address}`);
  assert.deepEqual(sources({}), []);
  assert.deepEqual(sources({ LATEEN_BIND_ADDRESS: '127.9.0.1' }), [
    'outbound|443||api.example.com 0.0.0.0',
    'PassthroughCluster 0.0.0.0',
  ]);
});
