import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterChain } from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { pushOf, sidecarOf } from '../testing/test-mesh.ts';
import { downstreamTlsOf } from '../testing/tls-context.ts';
import { buildListeners } from './build-listeners.ts';

const mode = (value: string, ports = ''): string => `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: p }
spec: { selector: { matchLabels: { app: reviews } }, mtls: { mode: ${value} }${ports} }
`;

const service = (ports: string): string => `
---
apiVersion: v1
kind: Service
metadata: { name: more }
spec: { clusterIP: 127.9.128.70, selector: { app: reviews }, ports: ${ports} }
`;

const reviews = (metadata = {}) =>
  sidecarOf('reviews-v1-abc-1', '127.9.0.3', { LATEEN_SDS: 'true', ...metadata });

const listenerOf = (yaml: string, name: string, metadata = {}, config = {}): Listener => {
  const found = buildListeners(pushOf(yaml, config), reviews(metadata)).find(
    (resource) => resource.name === name,
  );
  assert.ok(found, name);
  return found.message;
};

/** `port transport alpn -> http|tcp, mtls|plain`. */
const line = ({ filterChainMatch: match, filters, transportSocket }: FilterChain): string => {
  const conditions = [
    match?.destinationPort,
    match?.transportProtocol,
    ...(match?.applicationProtocols ?? []),
  ].filter((part) => part !== undefined && part !== '');
  const kind = filters.some(({ name }) => name.endsWith('tcp_proxy')) ? 'tcp' : 'http';
  return `${conditions.join(' ')} -> ${kind} ${transportSocket === undefined ? 'plain' : 'mtls'}`;
};

const anyMesh = 'istio-peer-exchange istio istio-http/1.0 istio-http/1.1 istio-h2';
const httpMesh = 'istio-http/1.0 istio-http/1.1 istio-h2';

test('a declared HTTP port by mode', () => {
  const rows: readonly (readonly [string, object, readonly string[]])[] = [
    ['STRICT', {}, ['tls -> http mtls']],
    ['PERMISSIVE', {}, [`tls ${anyMesh} -> http mtls`, 'raw_buffer -> http plain']],
    ['DISABLE', {}, [' -> http plain']],
    ['PERMISSIVE', { LATEEN_SDS: 'false' }, [' -> http plain']],
    ['STRICT', { LATEEN_SDS: 'false' }, ['tls -> http mtls']],
  ];
  for (const [value, metadata, expected] of rows) {
    const listener = listenerOf(mode(value), '127.9.0.3_9080', metadata);
    assert.deepEqual(listener.filterChains.map(line), expected, value);
    assert.ok(listener.filterChains.every(({ name }) => name === '0.0.0.0_9080'));
    assert.equal(
      listener.listenerFilters.some(({ name }) => name.endsWith('tls_inspector')),
      expected.some((chain) => chain.startsWith('tls')),
    );
  }
});

test('a declared TCP port and an undeclared one by mode', () => {
  const ports = '[{ name: tcp-x, port: 7000 }, { name: odd, port: 7001 }]';
  const chains = (value: string, port: number) =>
    listenerOf(service(ports) + mode(value), `127.9.0.3_${port}`).filterChains.map(line);
  assert.deepEqual(chains('STRICT', 7000), ['tls -> tcp mtls']);
  assert.deepEqual(chains('PERMISSIVE', 7000), [
    `tls ${anyMesh} -> tcp mtls`,
    'tls -> tcp plain',
    'raw_buffer -> tcp plain',
  ]);
  assert.deepEqual(chains('DISABLE', 7000), [' -> tcp plain']);
  assert.deepEqual(chains('STRICT', 7001), [`tls ${httpMesh} -> http mtls`, 'tls -> tcp mtls']);
  assert.deepEqual(chains('PERMISSIVE', 7001), [
    `tls ${httpMesh} -> http mtls`,
    'raw_buffer http/1.1 h2c -> http plain',
    'tls istio-peer-exchange istio -> tcp mtls',
    'raw_buffer -> tcp plain',
    'tls -> tcp plain',
  ]);
  assert.deepEqual(chains('DISABLE', 7001), [
    'raw_buffer http/1.1 h2c -> http plain',
    'raw_buffer -> tcp plain',
    ' -> tcp plain',
  ]);
});

test('TCP chains tell clients who is who before anything else', () => {
  const ports = '[{ name: tcp-x, port: 7000 }]';
  const { filterChains } = listenerOf(service(ports) + mode('STRICT'), '127.9.0.3_7000');
  assert.deepEqual(
    filterChains.map(({ filters }) => filters.map(({ name }) => name)),
    [['istio.metadata_exchange', 'istio.stats', 'envoy.filters.network.tcp_proxy']],
  );
});

test('the server shows its own certificate and asks clients of its trust domains for theirs', () => {
  const { filterChains } = listenerOf(
    mode('STRICT'),
    '127.9.0.3_9080',
    {},
    {
      trustDomain: 'td',
      trustDomainAliases: ['old', 'td'],
    },
  );
  assert.deepEqual(downstreamTlsOf(filterChains[0]?.transportSocket), {
    certificates: ['default agent'],
    roots: 'ROOTCA agent',
    names: ['prefix spiffe://td/', 'prefix spiffe://old/'],
    alpn: ['h2', 'http/1.1'],
    required: true,
  });
});

test('with interception: chains of a port by its number, passthrough by the mode of the workload', () => {
  const strict = mode(
    'STRICT',
    ', portLevelMtls: { 9080: { mode: DISABLE }, 6379: { mode: DISABLE } }',
  );
  const { filterChains } = listenerOf(strict, 'virtualInbound', { INTERCEPTION_MODE: 'REDIRECT' });
  assert.deepEqual(
    filterChains.map((chain) => `${chain.name}: ${line(chain)}`),
    [
      'virtualInbound-blackhole: 15006 -> tcp plain',
      '0.0.0.0_9080: 9080 -> http plain',
      `virtualInbound-catchall-http: tls ${httpMesh} -> http mtls`,
      'virtualInbound: tls -> tcp mtls',
      'virtualInbound-catchall-http: 6379 raw_buffer http/1.1 h2c -> http plain',
      'virtualInbound: 6379 raw_buffer -> tcp plain',
      'virtualInbound: 6379 -> tcp plain',
    ],
  );
});

test("labels are the pod's of the API server, whatever the proxy says", () => {
  const metadata = { LABELS: { app: 'nobody' } };
  const { filterChains } = listenerOf(mode('STRICT'), '127.9.0.3_9080', metadata);
  assert.deepEqual(filterChains.map(line), ['tls -> http mtls']);
});

test("a Sidecar's own TLS counts only where the mesh's is disabled", () => {
  const sidecar = `
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s }
spec:
  workloadSelector: { labels: { app: reviews } }
  ingress:
  - port: { number: 9443, protocol: HTTPS, name: https }
    defaultEndpoint: 127.0.0.1:9080
    tls: { mode: SIMPLE, serverCertificate: /c.pem, privateKey: /k.pem }
`;
  const certificates = (value: string) =>
    downstreamTlsOf(
      listenerOf(sidecar + mode(value), '127.9.0.3_9443').filterChains[0]?.transportSocket,
    ).certificates;
  assert.deepEqual(certificates('DISABLE'), ['file-cert:/c.pem~/k.pem agent']);
  assert.deepEqual(certificates('STRICT'), ['default agent']);
});
