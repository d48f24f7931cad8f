import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { parseBootstrap } from '../bootstrap/read-bootstrap.ts';

/** Protobuf JSON of an address on loopback. */
export const socketAddress = (port: number): JsonObject => ({
  socketAddress: { address: '127.0.0.1', portValue: port },
});

/** A static or EDS cluster; `more` goes over it. */
export const clusterJson = (
  name: string,
  ports: readonly number[],
  more: JsonObject = {},
): JsonObject => ({
  name,
  type: 'STATIC',
  connectTimeout: '1s',
  loadAssignment: assignmentJson(name, ports),
  ...more,
});

/** A `ClusterLoadAssignment`. */
export const assignmentJson = (clusterName: string, ports: readonly number[]): JsonObject => ({
  clusterName,
  endpoints: [
    { lbEndpoints: ports.map((port) => ({ endpoint: { address: socketAddress(port) } })) },
  ],
});

const any = (type: string, value: JsonObject): JsonObject => ({
  '@type': `type.googleapis.com/${type}`,
  ...value,
});

/** Filters every connection manager of the tests has. */
export const httpFilters = (extra: readonly JsonObject[] = []): JsonValue => [
  {
    name: 'envoy.filters.http.fault',
    typedConfig: any('envoy.extensions.filters.http.fault.v3.HTTPFault', {}),
  },
  {
    name: 'envoy.filters.http.cors',
    typedConfig: any('envoy.extensions.filters.http.cors.v3.Cors', {}),
  },
  ...extra,
  {
    name: 'envoy.filters.http.router',
    typedConfig: any('envoy.extensions.filters.http.router.v3.Router', {}),
  },
];

/** A listener with one chain of one HTTP connection manager. */
export const httpListenerJson = (manager: JsonObject, more: JsonObject = {}): JsonObject => ({
  name: 'http',
  address: socketAddress(0),
  filterChains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typedConfig: any(
            'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            { statPrefix: 'test', httpFilters: httpFilters(), ...manager },
          ),
        },
      ],
    },
  ],
  ...more,
});

/** A route configuration with one virtual host for every domain, which counts attempts as Istio's do. */
export const routesJson = (routes: readonly JsonObject[], name = 'routes'): JsonObject => ({
  name,
  virtualHosts: [
    { name: 'all', domains: ['*'], routes: [...routes], includeRequestAttemptCount: true },
  ],
});

/** A TCP proxy listener. */
export const tcpListenerJson = (config: JsonObject, more: JsonObject = {}): JsonObject => ({
  name: 'tcp',
  address: socketAddress(0),
  filterChains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.tcp_proxy',
          typedConfig: any('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
            statPrefix: 'test',
            ...config,
          }),
        },
      ],
    },
  ],
  ...more,
});

/** A whole bootstrap with an admin server on a free port. */
export const bootstrapOf = (parts: {
  readonly clusters?: readonly JsonObject[];
  readonly listeners?: readonly JsonObject[];
  readonly more?: JsonObject;
}): Promise<Bootstrap> =>
  parseBootstrap({
    node: {
      id: 'sidecar~127.0.0.1~test.default~default.svc.cluster.local',
      cluster: 'test',
      metadata: {
        WORKLOAD_NAME: 'test-v1',
        NAMESPACE: 'default',
        CLUSTER_ID: 'Kubernetes',
        LABELS: { app: 'test', version: 'v1' },
      },
    },
    admin: { address: socketAddress(0) },
    staticResources: {
      clusters: [...(parts.clusters ?? [])],
      listeners: [...(parts.listeners ?? [])],
    },
    ...parts.more,
  });

/** HTTP/2 to a cluster. */
export const http2Protocol: JsonObject = {
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      { explicitHttpConfig: { http2ProtocolOptions: {} } },
    ),
  },
};
