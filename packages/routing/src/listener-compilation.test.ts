import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, createRegistry, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { file_envoy_extensions_access_loggers_file_v3_file } from '@lateen/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import { file_envoy_extensions_filters_http_router_v3_router } from '@lateen/xds/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from '@lateen/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { FormatContext } from './format-context.ts';
import { compileListener } from './listener-compilation.ts';
import type { ConnectionView, ListenerTable } from './listener-table.ts';

const registry = createRegistry(
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
);
const url = 'type.googleapis.com/envoy.extensions';
const address = { socketAddress: { address: '127.0.0.1', portValue: 8080 } };

const compile = (json: object) =>
  compileListener(
    fromJson(ListenerSchema, { name: 'l', address, ...json } as JsonValue, { registry }),
  );

const table = (json: object): ListenerTable => {
  const { value, diagnostics } = compile(json);
  assert.ok(value, JSON.stringify(diagnostics));
  return value;
};

const tcp = (cluster: string) => [
  {
    name: 'tcp',
    typedConfig: {
      '@type': `${url}.filters.network.tcp_proxy.v3.TcpProxy`,
      statPrefix: 's',
      cluster,
    },
  },
];

const hcm = (json: object, route: object = { rds: { routeConfigName: '9080' } }) => [
  {
    name: 'hcm',
    typedConfig: {
      '@type': `${url}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      ...route,
      ...json,
    },
  },
];

const view = (changes: Partial<ConnectionView> = {}): ConnectionView => ({
  destinationAddress: '10.0.0.1',
  destinationPort: 80,
  sourceAddress: '10.9.9.9',
  sourcePort: 40_000,
  serverName: '',
  transportProtocol: 'raw_buffer',
  applicationProtocols: [],
  ...changes,
});

/** Listener with one chain for each match, named by its key. */
const chains = (matches: Record<string, object>, more: object = {}): ListenerTable =>
  table({
    filterChains: Object.entries(matches).map(([name, filterChainMatch]) => ({
      name,
      filterChainMatch,
      filters: tcp(name),
    })),
    ...more,
  });

const select = (listener: ListenerTable, connection: ConnectionView): string => {
  const chosen = listener.selectFilterChain(connection);
  const { chain, rejected } = listener.explainFilterChain(connection);
  assert.equal(chain, chosen);
  const taken = chosen !== undefined && chosen.position >= 0 ? 1 : 0;
  assert.equal(rejected.length, listener.filterChains.length - taken);
  return chosen?.name ?? 'none';
};

const range = (addressPrefix: string, prefixLen: number) => ({ addressPrefix, prefixLen });

test('ports, then addresses by prefix length, without a way back', () => {
  const listener = chains({
    any: {},
    port: { destinationPort: 80 },
    wide: { destinationPort: 443, prefixRanges: [range('10.0.0.0', 8)] },
    narrow: { destinationPort: 443, prefixRanges: [range('10.1.0.0', 16), range('fd00::', 8)] },
    narrowTls: {
      destinationPort: 444,
      prefixRanges: [range('10.1.0.0', 16)],
      transportProtocol: 'tls',
    },
    wideTcp: { destinationPort: 444, prefixRanges: [range('10.0.0.0', 8)] },
  });
  const rows: readonly (readonly [Partial<ConnectionView>, string])[] = [
    [{}, 'port'],
    [{ destinationPort: 81 }, 'any'],
    [{ destinationPort: 443 }, 'wide'],
    [{ destinationPort: 443, destinationAddress: '10.1.2.3' }, 'narrow'],
    [{ destinationPort: 443, destinationAddress: '::ffff:10.1.2.3' }, 'narrow'],
    [{ destinationPort: 443, destinationAddress: 'fd00::1' }, 'narrow'],
    // The port is decided: the chain for any port is out of reach.
    [{ destinationPort: 443, destinationAddress: '11.0.0.1' }, 'none'],
    [{ destinationPort: 444, destinationAddress: '10.1.2.3' }, 'none'],
    [{ destinationPort: 444, destinationAddress: '10.2.2.3' }, 'wideTcp'],
  ];
  for (const [changes, expected] of rows) {
    assert.equal(select(listener, view(changes)), expected, JSON.stringify(changes));
  }
});

test('server names, transport and application protocols', () => {
  const listener = chains({
    exact: { serverNames: ['www.a.com', 'A.com'] },
    wild: { serverNames: ['*.a.com'] },
    wilder: { serverNames: ['*.com'] },
    tls: { transportProtocol: 'tls' },
    tlsIstio: { transportProtocol: 'tls', applicationProtocols: ['istio', 'istio-http/1.1'] },
    plainHttp: { transportProtocol: 'raw_buffer', applicationProtocols: ['http/1.1', 'h2c'] },
    rest: {},
  });
  const tls = { transportProtocol: 'tls' };
  const rows: readonly (readonly [Partial<ConnectionView>, string])[] = [
    [{ ...tls, serverName: 'WWW.a.com' }, 'exact'],
    [{ ...tls, serverName: 'a.com' }, 'exact'],
    [{ ...tls, serverName: 'x.y.a.com' }, 'wild'],
    [{ ...tls, serverName: 'b.com' }, 'wilder'],
    [{ ...tls, serverName: 'b.org' }, 'tls'],
    [{ ...tls, applicationProtocols: ['h2', 'istio'] }, 'tlsIstio'],
    [{ applicationProtocols: ['http/1.1'] }, 'plainHttp'],
    // Raw buffer is more specific than anything, and then no protocol fits.
    [{ applicationProtocols: ['h3'] }, 'none'],
    [{ transportProtocol: 'quic' }, 'rest'],
  ];
  for (const [changes, expected] of rows) {
    assert.equal(select(listener, view(changes)), expected, JSON.stringify(changes));
  }
  assert.equal(listener.needsInspection, true);
});

test('sources', () => {
  const listener = chains({
    local: { sourceType: 'SAME_IP_OR_LOOPBACK' },
    external: { sourceType: 'EXTERNAL', sourcePrefixRanges: [range('10.9.0.0', 16)] },
    externalPort: {
      sourceType: 'EXTERNAL',
      sourcePrefixRanges: [range('10.9.0.0', 16)],
      sourcePorts: [7],
    },
    direct: { directSourcePrefixRanges: [range('192.168.0.0', 16)] },
  });
  const rows: readonly (readonly [Partial<ConnectionView>, string])[] = [
    [{ sourceAddress: '127.0.0.1' }, 'local'],
    [{ sourceAddress: '10.0.0.1' }, 'local'],
    [{}, 'external'],
    [{ sourcePort: 7 }, 'externalPort'],
    [{ sourceAddress: '11.0.0.1' }, 'none'],
    [{ directSourceAddress: '192.168.1.1' }, 'direct'],
  ];
  for (const [changes, expected] of rows) {
    assert.equal(select(listener, view(changes)), expected, JSON.stringify(changes));
  }
});

test('the default chain takes what no chain wants', () => {
  const listener = chains(
    { one: { destinationPort: 1 } },
    { defaultFilterChain: { name: 'default', filters: tcp('d') } },
  );
  assert.equal(select(listener, view()), 'default');
  const { rejected } = listener.explainFilterChain(view());
  assert.deepEqual(
    rejected.map(({ chain, condition, actual }) => [chain.name, condition, actual]),
    [['one', 'port 1', '80']],
  );
});

test('two chains with the same match are refused', () => {
  const { value, diagnostics } = compile({
    filterChains: [{ filters: tcp('a') }, { filters: tcp('b') }],
  });
  assert.equal(value, undefined);
  assert.equal(diagnostics[0]?.code, 'FilterChainDuplicate');
});

test('an HTTP connection manager with its defaults', () => {
  const listener = table({
    filterChains: [
      {
        filters: hcm({
          statPrefix: 'outbound_0.0.0.0_9080',
          httpFilters: [
            { name: 'stats' },
            {
              name: 'router',
              typedConfig: { '@type': `${url}.filters.http.router.v3.Router` },
            },
          ],
          normalizePath: true,
          upgradeConfigs: [{ upgradeType: 'websocket' }],
          streamIdleTimeout: '0s',
          accessLog: [
            {
              name: 'file',
              filter: { responseFlagFilter: { flags: ['NR'] } },
              typedConfig: {
                '@type': `${url}.access_loggers.file.v3.FileAccessLog`,
                path: '/dev/stdout',
                logFormat: { textFormatSource: { inlineString: '%RESPONSE_CODE%\n' } },
              },
            },
          ],
        }),
      },
    ],
    trafficDirection: 'OUTBOUND',
    bindToPort: false,
  });
  const http = listener.filterChains[0]?.http;
  assert.ok(http);
  assert.deepEqual(http.route, { kind: 'rds', name: '9080' });
  assert.deepEqual([...listener.routeNames], ['9080']);
  assert.deepEqual([listener.direction, listener.bindToPort], ['outbound', false]);
  assert.deepEqual(
    http.httpFilters.map(({ config }) => config.kind),
    ['raw', 'router'],
  );
  assert.deepEqual(http.path, { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' });
  assert.ok(http.upgrades.has('websocket'));
  assert.deepEqual(
    [
      http.streamIdleTimeoutMs,
      http.idleTimeoutMs,
      http.requestTimeoutMs,
      http.delayedCloseTimeoutMs,
    ],
    [0, 3_600_000, 0, 1_000],
  );
  assert.deepEqual(
    [http.maxRequestHeadersBytes, http.maxHeadersCount, http.serverName, http.generateRequestId],
    [61_440, 100, 'envoy', true],
  );
  const [log] = http.accessLogs;
  assert.deepEqual(log?.sink, { kind: 'stdout' });
  assert.equal(log?.format({ responseCode: 404 } as FormatContext), '404\n');
  assert.equal(log?.accepts({ responseFlags: 'NR' } as FormatContext), true);
  assert.equal(log?.accepts({ responseFlags: 'UH' } as FormatContext), false);
});

test('TLS of a chain', () => {
  const listener = table({
    filterChains: [
      {
        filters: tcp('c'),
        transportSocket: {
          name: 'envoy.transport_sockets.tls',
          typedConfig: {
            '@type': `${url}.transport_sockets.tls.v3.DownstreamTlsContext`,
            requireClientCertificate: true,
            commonTlsContext: {
              alpnProtocols: ['istio', 'h2'],
              tlsCertificateSdsSecretConfigs: [
                {
                  name: 'default',
                  sdsConfig: {
                    apiConfigSource: {
                      apiType: 'GRPC',
                      grpcServices: [{ envoyGrpc: { clusterName: 'sds-grpc' } }],
                    },
                  },
                },
              ],
              tlsParams: { tlsMinimumProtocolVersion: 'TLSv1_2' },
              combinedValidationContext: {
                defaultValidationContext: {
                  matchTypedSubjectAltNames: [
                    { sanType: 'URI', matcher: { prefix: 'spiffe://cluster.local/' } },
                  ],
                },
                validationContextSdsSecretConfig: { name: 'ROOTCA' },
              },
            },
          },
        },
      },
    ],
  });
  const transport = listener.filterChains[0]?.transport;
  assert.ok(transport?.kind === 'tls');
  const { tls } = transport;
  assert.deepEqual(tls.certificates, [{ kind: 'sds', name: 'default', server: 'sds-grpc' }]);
  assert.deepEqual(tls.validation?.trustedCa, { kind: 'sds', name: 'ROOTCA', server: '' });
  assert.equal(tls.validation?.subjectNames[0]?.type, 'uri');
  assert.deepEqual([tls.minVersion, tls.maxVersion], ['TLSv1.2', 'TLSv1.3']);
  assert.equal(tls.requireClientCertificate, true);
});

test('inline routes are compiled, and their errors carry the whole path', () => {
  const inline = (domains: string[]) => {
    const routeConfig = { virtualHosts: [{ name: 'v', domains }] };
    return compile({ filterChains: [{ filters: hcm({ routeConfig }, {}) }] });
  };
  const http = inline(['*']).value?.filterChains[0]?.http;
  assert.ok(http?.route.kind === 'inline');
  assert.equal(http.route.table.selectVirtualHost('x')?.name, 'v');
  assert.equal(
    inline([]).diagnostics[0]?.path,
    'filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].domains',
  );
});

test('an Any whose bytes are no such message is an error', () => {
  const message = create(ListenerSchema, {
    name: 'l',
    filterChains: [
      {
        filters: [
          {
            name: 'tcp',
            configType: {
              case: 'typedConfig',
              value: {
                typeUrl: `${url}.filters.network.tcp_proxy.v3.TcpProxy`,
                value: new Uint8Array([10, 255]),
              },
            },
          },
        ],
      },
    ],
  });
  const codes = compileListener(message).diagnostics.map(({ code }) => code);
  assert.ok(codes.includes('MessageInvalid'), codes.join());
});
