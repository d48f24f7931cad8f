/** Size of the route table: what a mesh of a few dozen services gives a sidecar. */
export const virtualHostCount = 50;
const routesPerHost = 6;

/** The service the load asks for, in the middle of the table. */
export const benchHost = 'service-25.default.svc.cluster.local:9080';

/** Where a proxy listens and forwards to, and which of the costly parts it has. */
export interface ProxyParts {
  readonly listen: number;
  readonly admin: number;
  readonly backend: number;
  /** Undefined: no access log. */
  readonly accessLogPath: string | undefined;
  /** Istio's metrics. */
  readonly stats: boolean;
  /** Share of requests that are traced, in per cent; absent: no tracing. */
  readonly tracedPercent?: number;
  /** Port that takes the spans. Default: the backend's, which answers 200 to everything. */
  readonly collector?: number;
}

const url = 'type.googleapis.com/envoy';
const networkFilters = `${url}.extensions.filters.network`;

/** Istio's access log format. */
const logFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% ' +
  '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% ' +
  '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% ' +
  '%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% ' +
  '%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

const cluster = 'outbound|9080||backend.default.svc.cluster.local';
const collector = 'outbound|4318||collector.default.svc.cluster.local';

const routesOf = (host: number) => [
  {
    name: 'jason',
    match: { prefix: '/', headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }] },
    route: { cluster, timeout: '0s' },
  },
  ...Array.from({ length: routesPerHost - 2 }, (_, index) => ({
    name: `static-${index}`,
    match: { prefix: `/static/${host}/${index}/` },
    route: { cluster, timeout: '0s' },
  })),
  {
    name: 'default',
    match: { prefix: '/' },
    route: {
      cluster,
      timeout: '15s',
      retryPolicy: { retryOn: 'connect-failure,refused-stream,unavailable,503', numRetries: 2 },
    },
  },
];

const virtualHosts = Array.from({ length: virtualHostCount }, (_, index) => {
  const name = `service-${index}`;
  const forms = [
    name,
    `${name}.default`,
    `${name}.default.svc`,
    `${name}.default.svc.cluster.local`,
  ];
  return {
    name: `${name}.default.svc.cluster.local:9080`,
    domains: forms.flatMap((form) => [form, `${form}:9080`]),
    routes: routesOf(index),
  };
});

const statsFilter = {
  name: 'istio.stats',
  typedConfig: {
    '@type': 'type.googleapis.com/google.protobuf.Struct',
    value: { reporter: 'source' },
  },
};

const fileLog = (path: string) => ({
  name: 'envoy.access_loggers.file',
  typedConfig: {
    '@type': `${url}.extensions.access_loggers.file.v3.FileAccessLog`,
    path,
    logFormat: { textFormatSource: { inlineString: logFormat } },
  },
});

/** Spans by OTLP over HTTP, as Istio's provider with an HTTP path has them. */
const tracing = (percent: number) => ({
  randomSampling: { value: percent },
  overallSampling: { value: 100 },
  provider: {
    name: 'envoy.tracers.opentelemetry',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig',
      serviceName: 'bench.default',
      httpService: {
        httpUri: { uri: 'http://collector/v1/traces', cluster: collector, timeout: '1s' },
      },
    },
  },
});

const connectionManager = (parts: ProxyParts) => ({
  '@type': `${networkFilters}.http_connection_manager.v3.HttpConnectionManager`,
  statPrefix: 'outbound_0.0.0.0_9080',
  routeConfig: { name: '9080', virtualHosts },
  normalizePath: true,
  upgradeConfigs: [{ upgradeType: 'websocket' }],
  httpFilters: [
    ...(parts.stats ? [statsFilter] : []),
    {
      name: 'envoy.filters.http.router',
      typedConfig: { '@type': `${url}.extensions.filters.http.router.v3.Router` },
    },
  ],
  ...(parts.tracedPercent !== undefined && { tracing: tracing(parts.tracedPercent) }),
  accessLog: parts.accessLogPath === undefined ? [] : [fileLog(parts.accessLogPath)],
});

const socket = (port: number, address = '127.0.0.1') => ({
  socketAddress: { address, portValue: port },
});

const collectorAt = (port: number) => ({
  name: collector,
  type: 'STATIC',
  connectTimeout: '10s',
  loadAssignment: {
    clusterName: collector,
    endpoints: [{ lbEndpoints: [{ endpoint: { address: socket(port) } }] }],
  },
});

/** An Envoy bootstrap with one listener, a mesh-like route table and one cluster of two endpoints. */
export const proxyBootstrap = (parts: ProxyParts): object => ({
  node: {
    id: 'sidecar~127.0.0.1~bench-0.default~default.svc.cluster.local',
    cluster: 'bench.default',
    metadata: {
      NAMESPACE: 'default',
      WORKLOAD_NAME: 'bench',
      CLUSTER_ID: 'Kubernetes',
      LABELS: { app: 'bench', version: 'v1' },
    },
  },
  admin: { address: socket(parts.admin) },
  staticResources: {
    listeners: [
      {
        name: '0.0.0.0_9080',
        address: socket(parts.listen),
        trafficDirection: 'OUTBOUND',
        filterChains: [
          {
            filters: [
              {
                name: 'envoy.filters.network.http_connection_manager',
                typedConfig: connectionManager(parts),
              },
            ],
          },
        ],
      },
    ],
    clusters: [
      ...(parts.tracedPercent === undefined ? [] : [collectorAt(parts.collector ?? parts.backend)]),
      {
        name: cluster,
        type: 'STATIC',
        connectTimeout: '10s',
        lbPolicy: 'LEAST_REQUEST',
        circuitBreakers: {
          thresholds: [
            {
              maxConnections: 4_294_967_295,
              maxPendingRequests: 4_294_967_295,
              maxRequests: 4_294_967_295,
              maxRetries: 4_294_967_295,
            },
          ],
        },
        metadata: {
          filterMetadata: {
            istio: {
              services: [
                {
                  name: 'backend',
                  namespace: 'default',
                  host: 'backend.default.svc.cluster.local',
                },
              ],
            },
          },
        },
        loadAssignment: {
          clusterName: cluster,
          endpoints: [
            {
              lbEndpoints: ['127.0.0.1', '127.0.0.2'].map((address) => ({
                endpoint: { address: socket(parts.backend, address) },
              })),
            },
          ],
        },
      },
    ],
  },
});
