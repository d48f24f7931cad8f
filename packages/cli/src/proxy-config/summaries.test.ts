import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asRecord, type JsonRecord } from '@lateen/xds/json-record';
import { assignmentSummary, selectAssignments } from './assignment-summary.ts';
import { bootstrapSummary } from './bootstrap-summary.ts';
import { canonicalJson } from './canonical-json.ts';
import { clusterSummary, selectClusters } from './cluster-summary.ts';
import {
  assignmentsOf,
  clustersOf,
  dumpSection,
  listenersOf,
  routesOf,
  secretsOf,
} from './config-dump.ts';
import { endpointSummary, selectClusterStatuses } from './endpoint-summary.ts';
import { listenerSummary, selectListeners } from './listener-summary.ts';
import { loggingRequests } from './log-levels.ts';
import { describeDomains, routeSummary, selectRoutes } from './route-summary.ts';
import { secretSummary } from './secret-summary.ts';

const admin = 'type.googleapis.com/envoy.admin.v3.';
const managers = 'type.googleapis.com/envoy.extensions.filters.network.';
const http = (config: JsonRecord): JsonRecord => ({
  name: 'envoy.filters.network.http_connection_manager',
  typed_config: {
    '@type': `${managers}http_connection_manager.v3.HttpConnectionManager`,
    ...config,
  },
});
const tcp = (cluster: string): JsonRecord => ({
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: { '@type': `${managers}tcp_proxy.v3.TcpProxy`, cluster },
});

const istio = (config: string): JsonRecord => ({ filter_metadata: { istio: { config } } });

const dynamic = (cluster: JsonRecord): JsonRecord => ({ version_info: '1', cluster });

/** What Envoy answers to `/config_dump` in a sidecar, shortened. */
const dump: JsonRecord = {
  configs: [
    {
      '@type': `${admin}BootstrapConfigDump`,
      bootstrap: {
        node: {
          id: 'sidecar~10.0.0.1~a.default~default.svc.cluster.local',
          metadata: { ISTIO_VERSION: '1.30.0', ISTIO_PROXY_VERSION: 'ee85c5f2' },
          user_agent_build_version: { version: { major_number: 1, minor_number: 38 } },
        },
      },
    },
    {
      '@type': `${admin}ClustersConfigDump`,
      static_clusters: [{ cluster: { name: 'xds-grpc', connect_timeout: '1s' } }],
      dynamic_active_clusters: [
        dynamic({ name: 'outbound|9080||reviews.default.svc.cluster.local', type: 'EDS' }),
        dynamic({
          '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
          name: 'outbound|9080|v2|reviews.default.svc.cluster.local',
          type: 'EDS',
          eds_cluster_config: { service_name: 'x' },
          metadata: istio('/apis/networking.istio.io/v1/namespaces/prod/destination-rule/reviews'),
        }),
        dynamic({
          name: 'outbound|80||a.default.svc.cluster.local',
          type: 'EDS',
          metadata: istio('odd'),
        }),
        dynamic({ name: 'inbound|9080||', type: 'ORIGINAL_DST' }),
        dynamic({ name: 'dns', cluster_type: { name: 'envoy.cluster.dns' } }),
      ],
    },
    {
      '@type': `${admin}ListenersConfigDump`,
      static_listeners: [
        {
          listener: {
            address: { socket_address: { address: '0.0.0.0', port_value: 15_090 } },
            filter_chains: [
              {
                filters: [
                  http({
                    route_config: {
                      virtual_hosts: [
                        { domains: ['*'], routes: [{ match: { prefix: '/stats/prometheus' } }] },
                      ],
                    },
                  }),
                ],
              },
            ],
          },
        },
      ],
      dynamic_listeners: [
        {
          name: 'virtualOutbound',
          active_state: {
            listener: {
              name: 'virtualOutbound',
              address: { socket_address: { address: '0.0.0.0', port_value: 15_001 } },
              filter_chains: [
                {
                  filter_chain_match: { destination_port: 15_001 },
                  filters: [tcp('BlackHoleCluster')],
                },
              ],
              default_filter_chain: { filters: [tcp('PassthroughCluster')] },
            },
          },
        },
        {
          name: '0.0.0.0_9080',
          active_state: {
            listener: {
              address: { socket_address: { address: '0.0.0.0', port_value: 9080 } },
              additional_addresses: [
                { address: { socket_address: { address: '::', port_value: 9080 } } },
              ],
              filter_chains: [
                {
                  filter_chain_match: {
                    transport_protocol: 'raw_buffer',
                    application_protocols: ['http/1.1', 'h2c'],
                  },
                  filters: [http({ rds: { route_config_name: '9080' } })],
                },
              ],
              default_filter_chain: { filters: [tcp('PassthroughCluster')] },
            },
          },
        },
        {
          name: '10.0.0.9_443',
          active_state: {
            listener: {
              address: { socket_address: { address: '10.0.0.9', port_value: 443 } },
              filter_chains: [
                {
                  filter_chain_match: {
                    server_names: ['a.com', 'b.com'],
                    application_protocols: ['istio-peer-exchange', 'istio'],
                    prefix_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }],
                    destination_port: 443,
                  },
                  filters: [tcp('outbound|443||a.com')],
                },
              ],
            },
          },
        },
        { name: 'warming', warming_state: { listener: { name: 'warming' } } },
      ],
    },
    {
      '@type': `${admin}RoutesConfigDump`,
      static_route_configs: [
        {
          route_config: {
            virtual_hosts: [
              {
                name: 'backend',
                domains: ['*'],
                routes: [{ match: { prefix: '/healthz/ready' } }],
              },
            ],
          },
        },
      ],
      dynamic_route_configs: [
        {
          route_config: {
            name: '9080',
            virtual_hosts: [
              {
                name: 'reviews.default.svc.cluster.local:9080',
                domains: [
                  'reviews.default.svc.cluster.local',
                  'reviews.default.svc.cluster.local:9080',
                  'reviews',
                  'reviews.default.svc',
                  'reviews.default',
                  '10.0.0.9',
                ],
                routes: [
                  {
                    match: { path: '/x', headers: [] },
                    route: { cluster: 'a' },
                    metadata: istio(
                      '/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews',
                    ),
                  },
                  { match: { safe_regex: { regex: '/a.*' } }, redirect: {} },
                  { match: { path_separated_prefix: '/get' }, route: { cluster: 'a' } },
                ],
              },
              { name: 'empty', domains: ['a.com'] },
              {
                name: 'allow_any',
                domains: ['*'],
                routes: [{ match: { prefix: '/' }, route: { cluster: 'PassthroughCluster' } }],
              },
            ],
          },
        },
        {
          route_config: {
            name: '80',
            virtual_hosts: [
              {
                name: 'b',
                domains: ['*'],
                routes: [{ match: { prefix: '/' }, direct_response: {} }],
              },
            ],
          },
        },
      ],
    },
  ],
};

const section = (name: Parameters<typeof dumpSection>[1]): JsonRecord => {
  const found = dumpSection(dump, name);
  assert.ok(found, name);
  return found;
};

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

/** Blanks at the end of lines are istioctl's; tables here do without them. */
const trimmed = (table: string): string => table.replace(/ +$/gm, '');

const clusterCases = [
  [
    {},
    [
      'SERVICE FQDN                          PORT     SUBSET     DIRECTION     TYPE                  DESTINATION RULE',
      '                                      9080     -          inbound       ORIGINAL_DST',
      'a.default.svc.cluster.local           80       -          outbound      EDS                   <unknown>',
      'dns                                   -        -          -             envoy.cluster.dns',
      'reviews.default.svc.cluster.local     9080     -          outbound      EDS',
      'reviews.default.svc.cluster.local     9080     v2         outbound      EDS                   reviews.prod',
      'xds-grpc                              -        -          -             STATIC',
    ],
  ],
  [
    { fqdn: 'reviews', port: 9080, subset: 'v2', direction: 'outbound' },
    [
      'SERVICE FQDN                          PORT     SUBSET     DIRECTION     TYPE     DESTINATION RULE',
      'reviews.default.svc.cluster.local     9080     v2         outbound      EDS      reviews.prod',
    ],
  ],
  [{ port: 1 }, ['SERVICE FQDN     PORT     SUBSET     DIRECTION     TYPE     DESTINATION RULE']],
] as const;
for (const [filter, table] of clusterCases)
  test(`clusters ${JSON.stringify(filter)}`, () => {
    const clusters = selectClusters(clustersOf(section('ClustersConfigDump')), filter);
    assert.equal(trimmed(clusterSummary(clusters)), lines(...table));
  });

const listenerCases = [
  [
    {},
    true,
    [
      'ADDRESSES  PORT  MATCH                                                DESTINATION',
      '10.0.0.9   443   SNI: a.com,b.com; App: TCP TLS; Addr: 10.0.0.0/8:443 Cluster: outbound|443||a.com',
      '0.0.0.0,:: 9080  Trans: raw_buffer; App: http/1.1,h2c                 Route: 9080',
      '0.0.0.0,:: 9080  ALL                                                  PassthroughCluster',
      '0.0.0.0    15001 ALL                                                  PassthroughCluster',
      '0.0.0.0    15001 Addr: *:15001                                        Non-HTTP/Non-TCP',
      '0.0.0.0    15090 ALL                                                  Inline Route: /stats/prometheus*',
    ],
  ],
  [
    {},
    false,
    [
      'ADDRESSES  PORT  TYPE',
      '10.0.0.9   443   TCP',
      '0.0.0.0,:: 9080  HTTP+TCP',
      '0.0.0.0    15001 TCP',
      '0.0.0.0    15090 HTTP',
    ],
  ],
  [{ type: 'http' }, false, ['ADDRESSES PORT  TYPE', '0.0.0.0   15090 HTTP']],
  [{ address: '::', port: 9080 }, false, ['ADDRESSES  PORT TYPE', '0.0.0.0,:: 9080 HTTP+TCP']],
] as const;
for (const [filter, verbose, table] of listenerCases)
  test(`listeners ${JSON.stringify(filter)} ${verbose ? 'with matches' : 'with types'}`, () => {
    const listeners = selectListeners(listenersOf(section('ListenersConfigDump')), filter);
    assert.equal(trimmed(listenerSummary(listeners, verbose)), lines(...table));
  });

const routeCases = [
  [
    undefined,
    true,
    [
      'NAME     VHOST NAME                                 DOMAINS                                  MATCH               VIRTUAL SERVICE',
      '80       b                                          *                                        /*',
      '9080     reviews.default.svc.cluster.local:9080     reviews, reviews.default + 1 more...     /x                  reviews.default',
      '9080     reviews.default.svc.cluster.local:9080     reviews, reviews.default + 1 more...     regex /a.*',
      '9080     reviews.default.svc.cluster.local:9080     reviews, reviews.default + 1 more...     PathPrefix:/get',
      '9080     empty                                      a.com                                    /*                  404',
      '         backend                                    *                                        /healthz/ready*',
    ],
  ],
  ['80', false, ['NAME     VIRTUAL HOSTS', '80       1']],
] as const;
for (const [name, verbose, table] of routeCases)
  test(`routes ${name ?? 'all'}`, () => {
    const routes = selectRoutes(routesOf(section('RoutesConfigDump')), name);
    assert.equal(trimmed(routeSummary(routes, verbose)), lines(...table));
  });

test('domains that all carry a port are shown with it', () => {
  assert.equal(
    describeDomains(['a:80', 'a.default:80', 'a.default.svc:80', '[fd00::1]:80']),
    'a:80, a.default:80 + 1 more...',
  );
});

const host = (address: string, port: number, health: JsonRecord): JsonRecord => ({
  address: { socket_address: { address, port_value: port } },
  health_status: health,
});

const clusters: JsonRecord = {
  cluster_statuses: [
    {
      name: 'outbound|80||b',
      host_statuses: [
        host('10.0.0.2', 80, { eds_health_status: 'HEALTHY', failed_outlier_check: true }),
        host('10.0.0.1', 81, { eds_health_status: 'UNHEALTHY' }),
      ],
    },
    {
      name: 'outbound|80||a',
      host_statuses: [
        host('10.0.0.1', 80, {}),
        {
          address: { pipe: { path: './etc/istio/proxy/XDS' } },
          health_status: { eds_health_status: 'HEALTHY' },
        },
      ],
    },
    { name: 'none' },
  ],
};

test('endpoints, with what outlier detection thinks', () => {
  assert.equal(
    endpointSummary(clusters, {}),
    lines(
      'ENDPOINT                         STATUS        OUTLIER CHECK     CLUSTER',
      '10.0.0.1:80                      UNKNOWN       OK                outbound|80||a',
      '10.0.0.1:81                      UNHEALTHY     OK                outbound|80||b',
      '10.0.0.2:80                      HEALTHY       FAILED            outbound|80||b',
      'unix://./etc/istio/proxy/XDS     HEALTHY       OK                outbound|80||a',
    ),
  );
  assert.equal(
    endpointSummary(clusters, { status: 'healthy', cluster: 'outbound|80||b', port: 80 }),
    lines(
      'ENDPOINT        STATUS      OUTLIER CHECK     CLUSTER',
      '10.0.0.2:80     HEALTHY     FAILED            outbound|80||b',
    ),
  );
  const names = selectClusterStatuses(clusters, { address: '10.0.0.2' }).map(({ name }) => name);
  assert.deepEqual(names, ['outbound|80||b']);
});

test('endpoints as they were sent, with localities', () => {
  const endpoint = (address: string, health?: string): JsonRecord => ({
    endpoint: { address: { socket_address: { address, port_value: 80 } } },
    ...(health !== undefined && { health_status: health }),
  });
  const assignments = assignmentsOf({
    dynamic_endpoint_configs: [
      {
        endpoint_config: {
          cluster_name: 'outbound|80||b',
          endpoints: [
            {
              locality: { region: 'eu', zone: 'a' },
              lb_endpoints: [endpoint('10.0.0.1', 'HEALTHY'), endpoint('10.0.0.2')],
            },
          ],
        },
      },
      { endpoint_config: { cluster_name: 'outbound|80||a' } },
    ],
  });
  assert.equal(
    assignmentSummary(selectAssignments(assignments, {})),
    lines(
      'NAME            STATUS      LOCALITY     CLUSTER',
      '10.0.0.1:80     HEALTHY     eu/a         outbound|80||b',
      '10.0.0.2:80     UNKNOWN     eu/a         outbound|80||b',
    ),
  );
  const [only] = selectAssignments(assignments, { status: 'healthy' });
  assert.match(assignmentSummary([asRecord(only)]), /\n10\.0\.0\.1:80 [^\n]*\n$/);
  assert.deepEqual(selectAssignments(assignments, { cluster: 'x' }), []);
});

test('who made the proxy', () => {
  assert.equal(
    bootstrapSummary(section('BootstrapConfigDump')),
    lines(
      'Istio Version:       1.30.0',
      'Istio Proxy Version: ee85c5f2',
      'Envoy Version:       1.38.0',
    ),
  );
});

const certificate = `-----BEGIN CERTIFICATE-----
MIIBXzCCAQWgAwIBAgIGb77iVMIpMAoGCCqGSM49BAMCMAwxCjAIBgNVBAoMAXgw
HhcNMjYxMTIxMTQwMzI2WhcNMzYxMTE4MTQwMzI2WjAMMQowCAYDVQQKDAF4MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExCiuEYmM0Sk2keQsFN/vbeYO8y1N9vRD
pqKUOx+5oOh1on9iJ/yodJZwgreBzHIMZGNAX/peoUkjP//hiFNVvaNTMFEwHQYD
VR0OBBYEFDYp67GzRiTZrcwhMQw0ujhlrsvVMB8GA1UdIwQYMBaAFDYp67GzRiTZ
rcwhMQw0ujhlrsvVMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIg
Foa2BZrfXne61JNeRBXUA0qxbkCoCoV13PxEDlsVpSkCIQDMs+10dzJswT1hWXgZ
DwOqg4NfOMUDGq5QCk3aW4BcNQ==
-----END CERTIFICATE-----
`;

test('secrets, with the life of their certificates', () => {
  const bytes = Buffer.from(certificate).toString('base64');
  const secrets = secretsOf({
    dynamic_warming_secrets: [{ name: 'configmap://some/thing' }],
    dynamic_active_secrets: [
      {
        name: 'default',
        secret: { tls_certificate: { certificate_chain: { inline_bytes: bytes } } },
      },
      { name: 'ROOTCA', secret: { validation_context: { trusted_ca: { inline_bytes: bytes } } } },
    ],
  });
  const at = (time: string): string => trimmed(secretSummary(secrets, Date.parse(time)));
  assert.equal(
    at('2030-01-01'),
    lines(
      'RESOURCE NAME              TYPE           STATUS      VALID CERT     SERIAL NUMBER     NOT AFTER                NOT BEFORE',
      'configmap://some/thing                    WARMING     false',
      'default                    Cert Chain     ACTIVE      true           6fbee254c229      2036-11-18T14:03:26Z     2026-11-21T14:03:26Z',
      'ROOTCA                     CA             ACTIVE      true           6fbee254c229      2036-11-18T14:03:26Z     2026-11-21T14:03:26Z',
    ),
  );
  assert.match(at('2040-01-01'), /ROOTCA +CA +ACTIVE +false/);
  assert.equal(secretSummary([], 0), 'No active or warming secrets found.\n');
});

test('names of fields may be written as istioctl writes them', async () => {
  const [cluster] = selectClusters(clustersOf(section('ClustersConfigDump')), { subset: 'v2' });
  const [printed] = await canonicalJson('envoy.config.cluster.v3.Cluster', [asRecord(cluster)]);
  assert.deepEqual(printed, {
    name: 'outbound|9080|v2|reviews.default.svc.cluster.local',
    type: 'EDS',
    edsClusterConfig: { serviceName: 'x' },
    metadata: {
      filterMetadata: {
        istio: { config: '/apis/networking.istio.io/v1/namespaces/prod/destination-rule/reviews' },
      },
    },
  });
  assert.equal(clusterSummary([asRecord(printed)]), clusterSummary([asRecord(cluster)]));
});

test('what is not known is printed as it came', async () => {
  const odd = {
    name: 'x',
    typed_extension_protocol_options: { a: { '@type': 'type.googleapis.com/no.Such' } },
  };
  assert.deepEqual(await canonicalJson('envoy.config.cluster.v3.Cluster', [odd]), [odd]);
});

test('nonsense gives empty tables', () => {
  for (const value of [null, 3, 'x', [], { configs: 3 }, { configs: [null, { '@type': 3 }] }]) {
    assert.equal(dumpSection(asRecord(value), 'ClustersConfigDump'), undefined);
    assert.equal(endpointSummary(asRecord(value), {}).split('\n').length, 2);
  }
  const holes = asRecord({
    dynamic_listeners: [{ active_state: { listener: { filter_chains: [7] } } }],
  });
  assert.match(listenerSummary(listenersOf(holes), true), /ALL +Non-HTTP/);
});

test('log levels', () => {
  assert.deepEqual(loggingRequests('debug'), ['/logging?level=debug']);
  assert.deepEqual(loggingRequests('http:warn, router:trace'), [
    '/logging?http=warning',
    '/logging?router=trace',
  ]);
  assert.throws(() => loggingRequests('http:loud'), /unrecognized logging level: loud/);
});
