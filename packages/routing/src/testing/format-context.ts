import type { FormatContext } from '../format-context.ts';

const requestHeaders: Readonly<Record<string, string>> = {
  ':method': 'GET',
  ':path': '/reviews/0?page=2&sort=asc',
  ':authority': 'reviews:9080',
  ':scheme': 'http',
  'user-agent': 'curl/8',
  'x-request-id': 'b6a5c1de-0000-4000-8000-000000000000',
};

const responseHeaders: Readonly<Record<string, string>> = { 'content-type': 'application/json' };

const dynamic: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'envoy.filters.http.jwt_authn': { payload: { groups: ['admin', 'staff'], level: 3 } },
};

/** A finished request of reviews; anything not named is absent. */
export const testContext = (changes: Partial<FormatContext> = {}): FormatContext => ({
  startTimeMs: Date.UTC(2026, 10, 21, 9, 5, 7, 42),
  requestHeader: (name) => requestHeaders[name],
  responseHeader: (name) => responseHeaders[name],
  responseTrailer: () => undefined,
  headerNames: (of) => Object.keys(of === 'request' ? requestHeaders : responseHeaders),
  protocol: 'HTTP/1.1',
  responseCode: 503,
  responseFlags: 'UF,URX',
  responseCodeDetails: 'upstream_reset',
  connectionTerminationDetails: undefined,
  upstreamTransportFailureReason: undefined,
  downstreamTransportFailureReason: undefined,
  bytesReceived: 12,
  bytesSent: 379,
  requestHeadBytes: 100,
  responseHeadBytes: 50,
  durationMs: 740,
  requestDurationMs: 2,
  responseDurationMs: 700,
  responseTxDurationMs: 40,
  upstreamHost: '127.1.0.4:9080',
  upstreamCluster: 'reviews-v1',
  upstreamClusterRaw: 'outbound|9080|v1|reviews.default.svc.cluster.local',
  upstreamLocalAddress: '127.1.0.2:41000',
  upstreamRequestAttemptCount: 2,
  downstreamLocalAddress: '127.1.128.3:9080',
  downstreamRemoteAddress: '127.1.0.2:41002',
  downstreamDirectRemoteAddress: '127.1.0.2:41002',
  requestedServerName: undefined,
  routeName: 'default',
  virtualClusterName: undefined,
  filterChainName: undefined,
  connectionId: 7,
  hostname: 'host',
  downstreamPeerUriSan: undefined,
  downstreamLocalUriSan: undefined,
  downstreamPeerSubject: undefined,
  downstreamTlsVersion: undefined,
  downstreamTlsCipher: undefined,
  downstreamTls: {
    peer: {
      uriSans: ['spiffe://cluster.local/ns/default/sa/productpage'],
      dnsSans: [],
      subject: '',
      fingerprint: 'ab',
      serial: '01',
      pem: '',
    },
    local: { uriSans: ['spiffe://cluster.local/ns/default/sa/reviews'], dnsSans: [], subject: '' },
    version: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
  },
  dynamicMetadata: (namespace, path) =>
    path.length === 0 ? dynamic[namespace] : dynamic[namespace]?.[path[0] ?? ''],
  routeMetadata: () => undefined,
  clusterMetadata: (namespace) =>
    namespace === 'istio' ? { services: [{ host: 'reviews.default' }] } : undefined,
  filterState: () => undefined,
  filterStateObject: (key) =>
    key === 'downstream_peer' ? { workload: 'productpage-v1', namespace: 'default' } : undefined,
  environment: () => undefined,
  node: { id: 'sidecar~1', cluster: 'reviews', metadata: { CLUSTER_ID: 'Kubernetes' } },
  ...changes,
});
