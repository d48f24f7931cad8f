import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import type { FilterChain } from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import {
  HttpConnectionManager_PathWithEscapedSlashesAction,
  HttpConnectionManagerSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { TcpProxySchema } from '@lateen/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { DownstreamTlsContextSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { PathNormalization } from '../index.ts';
import { ingressGateway, pushOf, sidecarOf } from '../testing/test-mesh.ts';
import { downstreamTlsOf } from '../testing/tls-context.ts';
import { buildListeners } from './build-listeners.ts';

const productpage = (metadata = {}) => sidecarOf('productpage-v1-abc-1', '127.9.0.1', metadata);

const addressOf = ({ address }: Listener): string => {
  const socket = address?.address;
  return socket?.case === 'socketAddress'
    ? `${socket.value.address}:${socket.value.portSpecifier.value}`
    : '?';
};

const managerOf = (chain: FilterChain) => {
  const filter = chain.filters.find(({ name }) => name.endsWith('http_connection_manager'));
  assert.ok(filter?.configType.case === 'typedConfig');
  return fromBinary(HttpConnectionManagerSchema, filter.configType.value.value);
};

const tcpOf = (chain: FilterChain): string | undefined => {
  const filter = chain.filters.find(({ name }) => name.endsWith('tcp_proxy'));
  if (filter?.configType.case !== 'typedConfig') return undefined;
  const { clusterSpecifier } = fromBinary(TcpProxySchema, filter.configType.value.value);
  return clusterSpecifier.case === 'cluster'
    ? clusterSpecifier.value
    : clusterSpecifier.value?.clusters.map(({ name, weight }) => `${name}=${weight}`).join(' ');
};

const routeOf = (chain: FilterChain): string | undefined => {
  const { routeSpecifier } = managerOf(chain);
  return routeSpecifier.case === 'rds' ? routeSpecifier.value.routeConfigName : undefined;
};

/** `name address -> what each chain leads to`. */
const summary = (listeners: readonly Listener[]): string[] =>
  listeners.map((listener) => {
    const chains = listener.filterChains.map((chain) => {
      const names = chain.filterChainMatch?.serverNames.join(',');
      const cluster = tcpOf(chain);
      return `${names ? `${names} ` : ''}${cluster ?? routeOf(chain) ?? 'inline'}`;
    });
    return `${listener.name} ${addressOf(listener)} -> ${chains.join('; ')}`;
  });

const messages = (yaml: string, proxy = productpage()): Listener[] =>
  buildListeners(pushOf(yaml), proxy).map(({ message }) => message);

test('without interception: the HTTP proxy and one listener for each own port', () => {
  assert.deepEqual(summary(messages('')), [
    '127.9.0.1_15002 127.9.0.1:15002 -> http_proxy',
    '127.9.0.1_9080 127.9.0.1:9080 -> inline',
  ]);
  const [proxy, inbound] = messages('');
  const outboundManager = managerOf(proxy!.filterChains[0]!);
  assert.equal(outboundManager.httpProtocolOptions?.allowAbsoluteUrl, true);
  assert.deepEqual(
    outboundManager.httpFilters.map(({ name }) => name),
    [
      'envoy.filters.http.grpc_stats',
      'istio.alpn',
      'envoy.filters.http.fault',
      'envoy.filters.http.cors',
      'istio.stats',
      'envoy.filters.http.router',
    ],
  );
  const inboundManager = managerOf(inbound!.filterChains[0]!);
  assert.equal(inboundManager.serverName, 'istio-envoy');
  assert.equal(inboundManager.statPrefix, 'inbound_0.0.0.0_9080;');
});

test('a pod that no service selects yet has no inbound listener; a reserved port never has one', () => {
  const lonely = sidecarOf('lonely', '127.9.0.60');
  const known = { LATEEN_APP_PORTS: '{"8080":"127.0.0.1:4000","15090":"127.0.0.1:4001"}' };
  assert.deepEqual(summary(messages('', sidecarOf('lonely', '127.9.0.60', known))), [
    '127.9.0.60_15002 127.9.0.60:15002 -> http_proxy',
    '127.9.0.60_8080 127.9.0.60:8080 -> inline; inbound|8080||; inbound|8080||',
  ]);
  assert.deepEqual(summary(messages('', lonely)), [
    '127.9.0.60_15002 127.9.0.60:15002 -> http_proxy',
  ]);
});

test('without interception a Sidecar may name ports for apps to connect to', () => {
  const yaml = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s }
spec:
  egress:
  - { port: { number: 9080, protocol: HTTP, name: http }, bind: 127.0.0.1, hosts: ["./reviews.default.svc.cluster.local"] }
  - { hosts: ["./*"] }
`;
  const listeners = messages(yaml);
  assert.deepEqual(summary(listeners).slice(0, 2), [
    '127.0.0.1_9080 127.0.0.1:9080 -> 9080',
    '127.9.0.1_15002 127.9.0.1:15002 -> http_proxy',
  ]);
  assert.equal(listeners[0]?.bindToPort, true);
});

test('with interception: virtualOutbound, unbound listeners by port, virtualInbound', () => {
  const yaml = `
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { clusterIP: 127.9.128.60, ports: [{ name: tcp-db, port: 5432 }] }
---
apiVersion: v1
kind: Service
metadata: { name: odd }
spec: { clusterIP: 127.9.128.61, ports: [{ name: odd, port: 7000 }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: tls }
spec: { hosts: [a.example.com], ports: [{ number: 443, name: tls, protocol: TLS }], resolution: DNS }
`;
  const listeners = messages(
    yaml,
    productpage({ INTERCEPTION_MODE: 'REDIRECT', HTTP_PROXY_PORT: '0' }),
  );
  const lines = summary(listeners).filter((line) => !/_(?:15021|80) /.test(line));
  assert.deepEqual(lines, [
    '0.0.0.0_9080 0.0.0.0:9080 -> 9080',
    '127.9.128.9_443 127.9.128.9:443 -> outbound|443||istio-ingressgateway.istio-system.svc.cluster.local',
    '127.9.128.60_5432 127.9.128.60:5432 -> outbound|5432||db.default.svc.cluster.local',
    '127.9.128.61_7000 127.9.128.61:7000 -> odd.default.svc.cluster.local:7000',
    '0.0.0.0_443 0.0.0.0:443 -> a.example.com outbound|443||a.example.com',
    'virtualOutbound 0.0.0.0:15001 -> BlackHoleCluster; PassthroughCluster',
    'virtualInbound 0.0.0.0:15006 -> BlackHoleCluster; inline; inline; InboundPassthroughCluster; InboundPassthroughCluster',
  ]);
  const shared = listeners.find(({ name }) => name === '0.0.0.0_9080');
  assert.equal(shared?.bindToPort, false);
  assert.equal(tcpOf(shared!.defaultFilterChain!), 'PassthroughCluster');
  const sniffed = listeners.find(({ name }) => name === '127.9.128.61_7000');
  assert.equal(
    tcpOf(sniffed!.defaultFilterChain!),
    'outbound|7000||odd.default.svc.cluster.local',
    'plaintext that is no HTTP goes to the service too',
  );
});

const gateway = (servers: string): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw }
spec: { selector: { istio: ingressgateway }, servers: ${servers} }
---
`;

test('a gateway listens at the target port of its own Service, where it is told to bind', () => {
  const yaml = gateway("[{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }]");
  assert.deepEqual(summary(messages(yaml, ingressGateway())), [
    '0.0.0.0_8080 127.9.0.9:8080 -> http.8080',
  ]);
  const [listener] = messages(yaml, ingressGateway());
  const manager = managerOf(listener!.filterChains[0]!);
  assert.equal(manager.useRemoteAddress, true);
  const other = gateway("[{ port: { number: 9999, name: http, protocol: HTTP }, hosts: ['*'] }]");
  assert.deepEqual(summary(messages(other, ingressGateway())), [
    '0.0.0.0_9999 127.9.0.9:9999 -> http.9999',
  ]);
});

test('HTTPS servers have a chain each, with their secret; a host twice and a plaintext latecomer are left out', () => {
  const https = (name: string, host: string, tls = '{ mode: SIMPLE, credentialName: cert }') =>
    `{ port: { number: 443, name: ${name}, protocol: HTTPS }, hosts: [${host}], tls: ${tls} }`;
  const yaml = gateway(
    `[${https('a', 'a.example.com')}, ${https('b', 'b.example.com')}, ${https('c', 'a.example.com')}, { port: { number: 443, name: d, protocol: HTTP }, hosts: ['*'] }]`,
  );
  const [listener, ...others] = messages(yaml, ingressGateway());
  assert.equal(others.length, 0);
  assert.deepEqual(
    listener!.filterChains.map((chain) => [chain.filterChainMatch?.serverNames, routeOf(chain)]),
    [
      [['a.example.com'], 'https.8443.a.gw.default'],
      [['b.example.com'], 'https.8443.b.gw.default'],
    ],
  );
  const socket = listener!.filterChains[0]!.transportSocket!.configType.value!;
  const context = fromBinary(DownstreamTlsContextSchema, socket.value);
  assert.deepEqual(
    context.commonTlsContext?.tlsCertificateSdsSecretConfigs.map(({ name }) => name),
    ['kubernetes://cert'],
  );
  assert.equal(context.requireClientCertificate, false);
});

test('TLS passed through is routed by SNI, TCP by weight', () => {
  const yaml = `${gateway(
    "[{ port: { number: 443, name: tls, protocol: TLS }, hosts: ['*.example.com'], tls: { mode: PASSTHROUGH } }, { port: { number: 31400, name: tcp, protocol: TCP }, hosts: ['*'] }]",
  )}
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: l4 }
spec:
  hosts: [a.example.com]
  gateways: [gw]
  tls:
  - match: [{ port: 443, sniHosts: [a.example.com] }]
    route: [{ destination: { host: reviews, port: { number: 9080 } } }]
  tcp:
  - match: [{ port: 31400 }]
    route:
    - { destination: { host: reviews, subset: v1, port: { number: 9080 } }, weight: 80 }
    - { destination: { host: reviews, subset: v2, port: { number: 9080 } }, weight: 20 }
`;
  assert.deepEqual(summary(messages(yaml, ingressGateway())), [
    '0.0.0.0_8443 127.9.0.9:8443 -> a.example.com outbound|9080||reviews.default.svc.cluster.local',
    '0.0.0.0_31400 127.9.0.9:31400 -> outbound|9080|v1|reviews.default.svc.cluster.local=80 outbound|9080|v2|reviews.default.svc.cluster.local=20',
  ]);
});

test('a gateway whose labels no Gateway selects listens nowhere', () => {
  const yaml = gateway("[{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }]");
  assert.deepEqual(messages(yaml, ingressGateway({ LABELS: { istio: 'egressgateway' } })), []);
});

test('paths are normalised as the mesh says, on every connection manager', () => {
  const yaml = gateway("[{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }]");
  const rows: readonly (readonly [PathNormalization, string])[] = [
    ['NONE', 'false false KEEP_UNCHANGED'],
    ['BASE', 'true false KEEP_UNCHANGED'],
    ['MERGE_SLASHES', 'true true KEEP_UNCHANGED'],
    ['DECODE_AND_MERGE_SLASHES', 'true true UNESCAPE_AND_FORWARD'],
  ];
  for (const [pathNormalization, expected] of rows) {
    const push = pushOf(yaml, { pathNormalization });
    const listeners = [
      ...buildListeners(push, productpage()),
      ...buildListeners(push, ingressGateway()),
    ];
    const managers = listeners
      .flatMap(({ message }) => message.filterChains)
      .filter(({ filters }) => filters.some(({ name }) => name.endsWith('connection_manager')))
      .map(managerOf);
    assert.equal(managers.length, 3, 'outbound, inbound and gateway');
    for (const { normalizePath, mergeSlashes, pathWithEscapedSlashesAction } of managers) {
      const action =
        HttpConnectionManager_PathWithEscapedSlashesAction[pathWithEscapedSlashesAction];
      assert.equal(`${normalizePath} ${mergeSlashes} ${action}`, expected);
    }
  }
});

test("a gateway's TLS: certificates, client checks, versions, suites", () => {
  const tlsOf = (tls: string) => {
    const yaml = gateway(
      `[{ port: { number: 443, name: https, protocol: HTTPS }, hosts: [a.example.com], tls: ${tls} }]`,
    );
    const [listener] = messages(yaml, ingressGateway());
    const socket = listener!.filterChains[0]!.transportSocket!;
    const { commonTlsContext } = fromBinary(
      DownstreamTlsContextSchema,
      socket.configType.value!.value,
    );
    return { ...downstreamTlsOf(socket), suites: commonTlsContext?.tlsParams?.cipherSuites };
  };
  const http = ['h2', 'http/1.1'];
  assert.deepEqual(tlsOf('{ mode: SIMPLE, credentialNames: [rsa, ecdsa] }'), {
    certificates: ['kubernetes://rsa ads', 'kubernetes://ecdsa ads'],
    roots: undefined,
    names: undefined,
    alpn: http,
    required: false,
    suites: [],
  });
  const mutual = tlsOf(
    '{ mode: MUTUAL, credentialName: pair, subjectAltNames: ["spiffe://a/b"], cipherSuites: [AES128-SHA, NO-SUCH, AES128-SHA] }',
  );
  assert.deepEqual(mutual, {
    certificates: ['kubernetes://pair ads'],
    roots: 'kubernetes://pair-cacert ads',
    names: ['exact spiffe://a/b'],
    alpn: http,
    required: true,
    suites: ['AES128-SHA'],
  });
  const other = tlsOf('{ mode: MUTUAL, credentialName: pair, caCertCredentialName: roots }');
  assert.equal(other.roots, 'kubernetes://roots-cacert ads');
  assert.equal(tlsOf('{ mode: OPTIONAL_MUTUAL, credentialName: pair }').required, false);
  const skipped = '{ mode: MUTUAL, credentialName: pair, insecureSkipVerify: true }';
  assert.equal(tlsOf(skipped).required, false);
  assert.deepEqual(tlsOf('{ mode: ISTIO_MUTUAL }').certificates, ['default agent']);
});
