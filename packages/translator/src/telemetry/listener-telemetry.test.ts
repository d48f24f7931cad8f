import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { type MeshConfig, readExtensionProviders, readProxyTracing } from '../index.ts';
import { logText, statsText, tracingText } from '../testing/telemetry-view.ts';
import { ingressGateway, pushOf, sidecarOf } from '../testing/test-mesh.ts';
import { listenerTelemetry } from './listener-telemetry.ts';
import type { ListenerClass } from './side.ts';

const collector = `
---
apiVersion: v1
kind: Service
metadata: { name: otel, namespace: observe }
spec:
  clusterIP: 127.9.128.77
  ports: [{ name: grpc, port: 4317 }, { name: http, port: 4318 }, { name: http-zipkin, port: 9411 }]
---
`;

const service = 'otel.observe.svc.cluster.local';
const grpcCluster = `outbound|4317||${service}`;

const providers = [
  { name: 'otel', opentelemetry: { service, port: 4317, maxTagLength: 99 } },
  {
    name: 'otel-http',
    opentelemetry: { service: `observe/${service}`, port: 4318, http: { path: '/v1/traces' } },
  },
  { name: 'zip', zipkin: { service, port: 9411 } },
  {
    name: 'zip-more',
    zipkin: {
      service,
      port: 9411,
      timeout: '3s',
      headers: [{ name: 'x-token', value: 't' }],
      traceContextOption: 'USE_B3_WITH_W3C_PROPAGATION',
    },
  },
  { name: 'lost', opentelemetry: { service: 'nobody.example.com', port: 4317 } },
  { name: 'closed', opentelemetry: { service, port: 1 } },
  { name: 'json', envoyFileAccessLog: { logFormat: { labels: { code: '%RESPONSE_CODE%' } } } },
  {
    name: 'short',
    envoyFileAccessLog: { path: '/dev/stderr', logFormat: { text: '%START_TIME%' } },
  },
  { name: 'requests', envoyHttpAls: { service, port: 4317 } },
  { name: 'connections', envoyTcpAls: { service: 'nobody.example.com', port: 4317 } },
  {
    name: 'logs',
    envoyOtelAls: { service, port: 4317, logFormat: { labels: { b: '1', a: '2' } } },
  },
];

const mesh: Partial<MeshConfig> = {
  accessLogFile: '/dev/stdout',
  extensionProviders: readExtensionProviders(providers) ?? [],
  defaultTracing: undefined,
};

const tracing = (fields: JsonObject): Partial<MeshConfig> => {
  const defaultTracing = readProxyTracing(fields);
  if (defaultTracing === 'wrong') throw new Error('wrong tracing');
  return { defaultTracing };
};

const defaultTracer: Partial<MeshConfig> = {
  defaultProviders: { tracing: ['otel'], metrics: ['prometheus'], accessLogging: [] },
};

/** A Telemetry: `{ }` of its spec. */
const telemetry = (spec: string, where = 'default', name = 'one'): string => `
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: ${name}, namespace: ${where} }
spec: ${spec}
---
`;

const productpage = sidecarOf('productpage-v1-abc-1', '127.9.0.1', {
  LABELS: {
    app: 'productpage',
    'service.istio.io/canonical-name': 'productpage',
    'service.istio.io/canonical-revision': 'v1',
  },
  MESH_ID: 'mesh-1',
  CLUSTER_ID: 'east',
});

const told = (
  yaml: string,
  config: Partial<MeshConfig> = {},
  listenerClass: ListenerClass = 'sidecar-outbound',
  proxy = productpage,
) => listenerTelemetry(pushOf(collector + yaml, { ...mesh, ...config }), proxy, listenerClass);

const istioTags =
  'istio.canonical_revision=v1 istio.canonical_service=productpage istio.cluster_id=east ' +
  'istio.mesh_id=mesh-1 istio.namespace=default';
const grpc = `otlp/grpc ${grpcCluster} as productpage-v1-abc-1.default`;
const noTags = 'enableIstioTags: false';

interface Case {
  readonly name: string;
  readonly yaml: string;
  readonly config?: Partial<MeshConfig>;
  readonly outbound: string;
  readonly inbound?: string;
}

describe('tracing', () => {
  const cases: readonly Case[] = [
    {
      name: 'without Telemetry and default providers MeshConfig counts, without a tracer',
      yaml: '',
      outbound: `none 1% ${istioTags}`,
    },
    {
      name: 'enableTracing switches that off',
      yaml: '',
      config: { enableTracing: false },
      outbound: 'off',
    },
    {
      name: 'defaultConfig.tracing: sampling, tags, length, Zipkin',
      yaml: '',
      config: tracing({
        sampling: 25,
        maxPathTagLength: 64,
        enableIstioTags: false,
        customTags: {
          b: { header: { name: 'x-b', defaultValue: '-' } },
          a: { literal: { value: 'A' } },
        },
        zipkin: { address: 'otel.observe:9411' },
      }),
      outbound: `zipkin outbound|9411||${service} /api/v2/spans 25% max=64 a=A b=<x-b>|-`,
    },
    {
      name: 'the default provider, sampling of defaultConfig',
      yaml: '',
      config: { ...defaultTracer, ...tracing({ sampling: 50 }) },
      outbound: `${grpc} 50% max=99 ${istioTags}`,
    },
    {
      name: 'more than all is 1 %, as in Istio',
      yaml: '',
      config: { ...defaultTracer, ...tracing({ sampling: 101 }) },
      outbound: `${grpc} 1% max=99 ${istioTags}`,
    },
    {
      name: 'the mesh, its namespace, the workload: field by field, tags as a whole',
      yaml:
        telemetry(
          `{ tracing: [{ providers: [{ name: OTEL }], randomSamplingPercentage: 10, ${noTags}, customTags: { a: { literal: { value: mesh } } } }] }`,
          'istio-system',
        ) +
        telemetry('{ tracing: [{ randomSamplingPercentage: 0 }] }') +
        telemetry(
          '{ selector: { matchLabels: { app: productpage } }, tracing: [{ customTags: { b: { environment: { name: HOME, defaultValue: none } } } }] }',
          'default',
          'two',
        ),
      outbound: `${grpc} 0% max=99 b=$HOME|none`,
    },
    {
      name: 'what is for others has no effect',
      yaml:
        telemetry(`{ tracing: [{ providers: [{ name: otel }], ${noTags} }] }`, 'observe') +
        telemetry(
          `{ selector: { matchLabels: { app: reviews } }, tracing: [{ ${noTags} }] }`,
          'default',
          'two',
        ),
      config: { enableTracing: false },
      outbound: 'off',
    },
    {
      name: 'modes: a section for clients, one for servers',
      yaml: telemetry(
        `{ tracing: [{ match: { mode: SERVER }, providers: [{ name: otel-http }], ${noTags} }] }`,
      ),
      outbound: 'off',
      inbound: `otlp/http ${service}/v1/traces via outbound|4318||${service} 1%`,
    },
    {
      name: 'reporting switched off, and on again by the namespace',
      yaml:
        telemetry(`{ tracing: [{ disableSpanReporting: true, ${noTags} }] }`, 'istio-system') +
        telemetry(
          '{ selector: { matchLabels: { app: productpage } }, tracing: [{ match: { mode: SERVER }, disableSpanReporting: false }] }',
        ),
      config: defaultTracer,
      outbound: 'off',
      inbound: `${grpc} 1% max=99`,
    },
    ...['lost', 'closed', 'json', 'nobody'].map((name) => ({
      name: `a provider that takes no spans: ${name}`,
      yaml: telemetry(`{ tracing: [{ providers: [{ name: ${name} }] }] }`),
      outbound: 'off',
    })),
    {
      name: 'Zipkin',
      yaml: telemetry(`{ tracing: [{ providers: [{ name: zip }], ${noTags} }] }`),
      outbound: `zipkin outbound|9411||${service} /api/v2/spans 1%`,
    },
    {
      name: 'Zipkin with a time-out, headers and W3C beside B3; a tag with operators',
      yaml: telemetry(
        `{ tracing: [{ providers: [{ name: zip-more }], ${noTags}, customTags: { how: { formatter: { value: '%PROTOCOL%' } } } }] }`,
      ),
      outbound: `zipkin outbound|9411||${service} /api/v2/spans and W3C ${service}/api/v2/spans in 3s x-token:t 1% how=%PROTOCOL%`,
    },
  ];
  for (const { name, yaml, config, outbound, inbound = outbound } of cases)
    it(name, () => {
      assert.equal(tracingText(told(yaml, config).tracing), outbound);
      assert.equal(tracingText(told(yaml, config, 'sidecar-inbound').tracing), inbound);
    });

  it("a proxy's own ProxyConfig goes over the mesh's", () => {
    const proxy = sidecarOf('productpage-v1-abc-1', '127.9.0.1', {
      PROXY_CONFIG: { tracing: { sampling: 77, enableIstioTags: true } },
    });
    const config = { ...tracing({ sampling: 5, customTags: { a: { literal: { value: 'A' } } } }) };
    const yaml = telemetry(`{ tracing: [{ providers: [{ name: otel }], ${noTags} }] }`);
    const { tracing: settings } = told(yaml, config, 'sidecar-outbound', proxy);
    assert.equal(tracingText(settings), `${grpc} 77% max=99 a=A`);
  });

  it('the request id may have no say; gateways make a span of their own call, and take targetRefs', () => {
    const section = `tracing: [{ providers: [{ name: otel }], useRequestIdForTraceSampling: false, ${noTags} }]`;
    const gateways = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
`;
    const refs = 'targetRefs: [{ group: networking.istio.io, kind: Gateway, name: gw }]';
    const yaml = gateways + telemetry(`{ ${refs}, ${section} }`, 'istio-system');
    const gateway = told(yaml, {}, 'gateway', ingressGateway());
    assert.equal(
      tracingText(gateway.tracing),
      `otlp/grpc ${grpcCluster} as istio-ingressgateway.istio-system 1% max=99 upstream-span`,
    );
    assert.equal(gateway.useRequestIdForTraceSampling, false);
    assert.equal(tracingText(told(yaml, { enableTracing: false }).tracing), 'off');
  });
});

describe('access logs', () => {
  const istioLine = 'file /dev/stdout [%START_TIME';
  const cases: readonly (Omit<Case, 'outbound' | 'inbound'> & {
    readonly outbound: readonly string[];
    readonly inbound?: readonly string[];
  })[] = [
    { name: 'accessLogFile', yaml: '', outbound: [istioLine] },
    { name: 'no file, no log', yaml: '', config: { accessLogFile: '' }, outbound: [] },
    {
      name: 'default providers, by name',
      yaml: '',
      config: {
        defaultProviders: { tracing: [], metrics: [], accessLogging: ['short', 'json'] },
      },
      outbound: ['file /dev/stdout {"code":"%RESPONSE_CODE%"}', 'file /dev/stderr %START_TIME%'],
    },
    {
      name: 'the built-in provider has the format of MeshConfig; an empty section names nobody',
      yaml: telemetry('{ accessLogging: [{ providers: [{ name: envoy }] }] }'),
      config: { accessLogFile: '', accessLogFormat: '%PROTOCOL%' },
      outbound: ['file /dev/stdout %PROTOCOL%'],
    },
    {
      name: 'CEL filters, of providers that are named with them',
      yaml: telemetry(
        '{ accessLogging: [{ providers: [{ name: logs }], filter: { expression: response.code >= 400 } }] }',
      ),
      outbound: [`otlp ${grpcCluster} otel_envoy_accesslog a b if response.code >= 400`],
    },
    {
      name: "Envoy's own service; one that is not in the mesh gets nothing",
      yaml: telemetry(
        '{ accessLogging: [{ providers: [{ name: requests }, { name: connections }] }] }',
      ),
      outbound: [`als ${grpcCluster} http_envoy_accesslog`],
    },
    {
      name: 'switched off for one side',
      yaml: telemetry(
        '{ accessLogging: [{ providers: [{ name: envoy }] }, { match: { mode: CLIENT }, disabled: true }] }',
      ),
      outbound: [],
      inbound: [istioLine],
    },
    {
      name: 'a namespace replaces the providers of the mesh, a workload switches one off',
      yaml:
        telemetry('{ accessLogging: [{ providers: [{ name: envoy }] }] }', 'istio-system') +
        telemetry('{ accessLogging: [{ providers: [{ name: json }, { name: short }] }] }') +
        telemetry(
          '{ selector: { matchLabels: { app: productpage } }, accessLogging: [{ match: { mode: SERVER }, disabled: true, providers: [{ name: json }] }] }',
          'default',
          'two',
        ),
      outbound: ['file /dev/stdout {"code":"%RESPONSE_CODE%"}', 'file /dev/stderr %START_TIME%'],
      inbound: [],
    },
    {
      name: 'providers that take no logs leave accessLogFile',
      yaml: telemetry('{ accessLogging: [{ providers: [{ name: otel }, { name: nobody }] }] }'),
      outbound: [istioLine],
    },
  ];
  for (const { name, yaml, config, outbound, inbound = outbound } of cases)
    it(name, () => {
      assert.deepEqual(told(yaml, config).accessLogs.chains.map(logText), outbound);
      const inboundLogs = told(yaml, config, 'sidecar-inbound').accessLogs;
      assert.deepEqual(inboundLogs.chains.map(logText), inbound);
    });

  it('listeners log only what reached no chain', () => {
    const yaml = telemetry(
      '{ accessLogging: [{ providers: [{ name: envoy }], filter: { expression: connection.mtls } }] }',
    );
    assert.deepEqual(told(yaml).accessLogs.listeners.map(logText), [
      `${istioLine} if NR and if connection.mtls`,
    ]);
  });
});

describe('metrics', () => {
  const all = [
    'request_messages_total',
    'response_messages_total',
    'requests_total',
    'request_duration_milliseconds',
    'request_bytes',
    'response_bytes',
    'tcp_connections_closed_total',
    'tcp_connections_opened_total',
    'tcp_received_bytes_total',
    'tcp_sent_bytes_total',
  ];
  const dropped = all.map((name) => `${name} off`).join('; ');
  const cases: readonly Case[] = [
    { name: 'as by default', yaml: '', outbound: '', inbound: 'no-host-fallback' },
    {
      name: 'no provider, no filter',
      yaml: '',
      config: { defaultProviders: { tracing: [], metrics: [], accessLogging: [] } },
      outbound: 'none',
    },
    {
      name: 'tags of one metric, of one side',
      yaml: telemetry(
        `{ metrics: [{ overrides: [{ match: { metric: REQUEST_COUNT, mode: CLIENT }, tagOverrides: { x: { operation: UPSERT, value: request.host }, source_app: { operation: REMOVE } } }] }] }`,
      ),
      outbound: 'requests_total +x=request.host -source_app',
      inbound: 'no-host-fallback',
    },
    {
      name: 'later over earlier, tag by tag; a metric of the user; the interval',
      yaml:
        telemetry(
          '{ metrics: [{ reportingInterval: 9s, overrides: [{ match: { metric: REQUEST_SIZE }, disabled: true, tagOverrides: { a: { value: "1" } } }] }] }',
          'istio-system',
        ) +
        telemetry(
          '{ metrics: [{ overrides: [{ match: { metric: REQUEST_SIZE }, disabled: false, tagOverrides: { b: { value: "2" } } }, { match: { customMetric: mine }, disabled: true }] }] }',
        ),
      outbound: 'every 9s; request_bytes +a=1 +b=2; mine off',
      inbound: 'no-host-fallback; every 9s; request_bytes +a=1 +b=2; mine off',
    },
    {
      name: 'all of them without a match',
      yaml: telemetry('{ metrics: [{ overrides: [{ tagOverrides: { a: { value: "1" } } }] }] }'),
      outbound: all.map((name) => `${name} +a=1`).join('; '),
      inbound: `no-host-fallback; ${all.map((name) => `${name} +a=1`).join('; ')}`,
    },
    {
      name: 'all switched off for servers, and single ones on again',
      yaml:
        telemetry('{ metrics: [{ overrides: [{ disabled: true }] }] }', 'istio-system') +
        telemetry(
          '{ metrics: [{ overrides: [{ match: { metric: REQUEST_COUNT, mode: CLIENT }, disabled: false }] }] }',
        ),
      outbound: 'requests_total',
      inbound: `no-host-fallback; ${dropped}`,
    },
    {
      name: 'a provider that takes no metrics',
      yaml: telemetry('{ metrics: [{ providers: [{ name: otel }] }] }'),
      outbound: 'none',
    },
  ];
  for (const { name, yaml, config, outbound, inbound = outbound } of cases)
    it(name, () => {
      const text = (listenerClass: ListenerClass): string => {
        const [first, ...others] = told(yaml, config, listenerClass).stats;
        assert.equal(others.length, 0);
        return first === undefined ? 'none' : statsText(first);
      };
      assert.equal(text('sidecar-outbound'), outbound);
      assert.equal(text('sidecar-inbound'), inbound);
    });
});

test('Telemetry of another kind of validity is left out, and said', () => {
  const yaml = telemetry('{ tracing: [{ randomSamplingPercentage: much }] }');
  const push = pushOf(yaml, mesh);
  assert.equal(push.telemetries.size, 0);
  assert.match(push.diagnostics.map(({ object }) => object).join(' '), /Telemetry\/default\/one/);
});
