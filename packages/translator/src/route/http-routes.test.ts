import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import type {
  Route,
  VirtualHost,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { RetryPolicySchema } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { HTTPFaultSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { readHttpRetryPolicy } from '../input/virtual-service.ts';
import { ingressGateway, pushOf, sidecarOf } from '../testing/test-mesh.ts';
import { buildRoutes } from './build-routes.ts';

const reviews = 'reviews.default.svc.cluster.local';
const productpage = (metadata = {}) => sidecarOf('productpage-v1-abc-1', '127.9.0.1', metadata);

const virtualService = (http: string, hosts = '[reviews]', extra = ''): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: vs }
spec:
  hosts: ${hosts}
  ${extra}
  http: ${http}
`;

const hostOf = (yaml: string, name = `${reviews}:9080`, metadata = {}): VirtualHost => {
  const [route] = buildRoutes(pushOf(yaml), productpage(metadata), ['http_proxy']);
  const host = route!.message.virtualHosts.find((entry) => entry.name === name);
  assert.ok(host, `no virtual host ${name}`);
  return host;
};

const routesOf = (http: string): Route[] => hostOf(virtualService(http)).routes;

const clusterOf = ({ action }: Route): string | undefined => {
  if (action.case !== 'route') return action.case;
  const { clusterSpecifier } = action.value;
  if (clusterSpecifier.case === 'cluster') return clusterSpecifier.value;
  return clusterSpecifier.case === 'weightedClusters'
    ? clusterSpecifier.value.clusters.map(({ name, weight }) => `${name}=${weight}`).join(' ')
    : undefined;
};

const actionOf = (http: string) => {
  const [route] = routesOf(http);
  assert.equal(route?.action.case, 'route');
  return route!.action.value as Extract<Route['action'], { case: 'route' }>['value'];
};

const to = (subset = '') =>
  `route: [{ destination: { host: reviews${subset && `, subset: ${subset}`} } }]`;

test('each condition becomes the matcher Istio writes', () => {
  const rows: [string, (route: Route) => unknown, unknown][] = [
    ['uri: { exact: /a }', ({ match }) => match?.pathSpecifier, { case: 'path', value: '/a' }],
    ['uri: { prefix: /a }', ({ match }) => match?.pathSpecifier, { case: 'prefix', value: '/a' }],
    [
      'uri: { regex: "/a.*" }',
      ({ match }) => match?.pathSpecifier.case === 'safeRegex' && match.pathSpecifier.value.regex,
      '/a.*',
    ],
    ['ignoreUriCase: true', ({ match }) => match?.caseSensitive, false],
    ['method: { exact: GET }', ({ match }) => match?.headers[0]?.name, ':method'],
    ['authority: { exact: a }', ({ match }) => match?.headers[0]?.name, ':authority'],
    ['scheme: { exact: http }', ({ match }) => match?.headers[0]?.name, ':scheme'],
    [
      'headers: { x: {} }',
      ({ match }) => match?.headers[0]?.headerMatchSpecifier,
      { case: 'presentMatch', value: true },
    ],
    [
      'headers: { x: { regex: "*" } }',
      ({ match }) => match?.headers[0]?.headerMatchSpecifier,
      { case: 'presentMatch', value: true },
    ],
    [
      'withoutHeaders: { x: { exact: a } }',
      ({ match }) => [match?.headers[0]?.invertMatch, match?.headers[0]?.treatMissingHeaderAsEmpty],
      [true, true],
    ],
    [
      'withoutHeaders: { x: {} }',
      ({ match }) => [match?.headers[0]?.invertMatch, match?.headers[0]?.treatMissingHeaderAsEmpty],
      [true, false],
    ],
    [
      'queryParams: { debug: { exact: "1" } }',
      ({ match }) => match?.queryParameters[0]?.name,
      'debug',
    ],
    [
      'headers: { "@request.auth.claims.group": { exact: admin } }',
      ({ match }) => [match?.headers.length, match?.dynamicMetadata.length],
      [0, 1],
    ],
  ];
  for (const [match, look, expected] of rows) {
    const [route] = routesOf(`[{ match: [{ ${match} }], ${to()} }]`);
    assert.deepEqual(look(route!), expected, match);
  }
});

test('rules keep their order, and what follows a catch-all is dropped', () => {
  const rows: [string, number][] = [
    [`[{ ${to('v1')} }, { ${to('v2')} }]`, 1],
    [`[{ match: [{ uri: { prefix: / } }], ${to('v1')} }, { ${to('v2')} }]`, 1],
    [`[{ match: [{ uri: { regex: ".*" } }], ${to('v1')} }, { ${to('v2')} }]`, 1],
    [`[{ match: [{ headers: { a: {} } }], ${to('v1')} }, { ${to('v2')} }]`, 2],
    [`[{ match: [{ uri: { prefix: /a } }, { uri: { prefix: /b } }], ${to('v1')} }]`, 2],
  ];
  for (const [http, count] of rows) assert.equal(routesOf(http).length, count, http);
});

test('route names join rule and match, and metadata names the rule', () => {
  const [route] = routesOf(`[{ name: r, match: [{ uri: { prefix: /a }, name: m }], ${to()} }]`);
  assert.equal(route?.name, 'r.m');
  assert.deepEqual(route?.metadata?.filterMetadata, {
    istio: { config: '/apis/networking.istio.io/v1/namespaces/default/virtual-service/vs' },
    lateen: { rule: 0, match: 0 },
  });
});

test('destinations: port by rule, by the only port, by the request; missing services keep their cluster', () => {
  const rows: [string, string][] = [
    ['destination: { host: reviews, subset: v9 }', `outbound|9080|v9|${reviews}`],
    ['destination: { host: reviews, port: { number: 1 } }', `outbound|1||${reviews}`],
    ['destination: { host: nowhere }', 'outbound|9080||nowhere.default.svc.cluster.local'],
    ['destination: { host: a.example.com }', 'outbound|9080||a.example.com'],
    [
      'destination: { host: ratings.default.svc.cluster.local }',
      'outbound|9080||ratings.default.svc.cluster.local',
    ],
  ];
  for (const [destination, cluster] of rows) {
    assert.equal(clusterOf(routesOf(`[{ route: [{ ${destination} }] }]`)[0]!), cluster);
  }
});

test('weights: a lone destination gets everything, weight 0 is dropped among several', () => {
  const weighted = (weights: readonly number[]): string =>
    `[{ route: [${weights
      .map(
        (weight, index) =>
          `{ destination: { host: reviews, subset: v${index} }, weight: ${weight} }`,
      )
      .join(', ')}] }]`;
  assert.equal(clusterOf(routesOf(weighted([70]))[0]!), `outbound|9080|v0|${reviews}`);
  assert.equal(
    clusterOf(routesOf(weighted([70, 0, 30]))[0]!),
    `outbound|9080|v0|${reviews}=70 outbound|9080|v2|${reviews}=30`,
  );
});

test('retries follow Istio: default policy, numbers among the conditions, zero attempts off', () => {
  const rows: [string, string | undefined, number | undefined, number[]][] = [
    ['', 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes', 2, []],
    [
      'retries: { attempts: 3 }',
      'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
      3,
      [],
    ],
    ['retries: { attempts: 1, retryOn: "5xx,503" }', '5xx,retriable-status-codes', 1, [503]],
    ['retries: { attempts: 0 }', undefined, undefined, []],
  ];
  for (const [retries, retryOn, numRetries, codes] of rows) {
    const policy = actionOf(`[{ ${to()}, ${retries} }]`).retryPolicy;
    assert.equal(policy?.retryOn, retryOn, retries);
    assert.equal(policy?.numRetries, numRetries, retries);
    assert.deepEqual(policy?.retriableStatusCodes ?? [], codes, retries);
  }
  assert.equal(RetryPolicySchema.typeName, 'envoy.config.route.v3.RetryPolicy');
});

test('time-outs, rewrites, mirrors', () => {
  const action = actionOf(
    `[{ ${to()}, timeout: 1.5s, rewrite: { uri: /x, authority: a }, mirror: { host: ratings }, mirrorPercentage: { value: 0.5 } }]`,
  );
  assert.deepEqual([action.timeout?.seconds, action.timeout?.nanos], [1n, 500_000_000]);
  assert.deepEqual(action.maxGrpcTimeout?.seconds, 1n);
  assert.equal(action.prefixRewrite, '/x');
  assert.deepEqual(action.hostRewriteSpecifier, { case: 'hostRewriteLiteral', value: 'a' });
  const [mirror] = action.requestMirrorPolicies;
  assert.equal(mirror?.cluster, 'outbound|9080||ratings.default.svc.cluster.local');
  assert.equal(mirror?.runtimeFraction?.defaultValue?.numerator, 5000);
  const off = actionOf(`[{ ${to()}, mirror: { host: ratings }, mirrorPercentage: { value: 0 } }]`);
  assert.equal(off.requestMirrorPolicies.length, 0);
});

test('redirects and direct responses', () => {
  const rows: [string, unknown][] = [
    ['redirect: { uri: /a, redirectCode: 302 }', { case: 'pathRedirect', value: '/a' }],
    ['redirect: { authority: a, scheme: https }', { case: undefined }],
  ];
  for (const [rule, path] of rows) {
    const { action } = routesOf(`[{ ${rule} }]`)[0]!;
    assert.deepEqual(action.case === 'redirect' && action.value.pathRewriteSpecifier, path, rule);
  }
  const { action } = routesOf(
    '[{ directResponse: { status: 503, body: { bytes: aGVsbG8= } } }]',
  )[0]!;
  const body = action.case === 'directResponse' ? action.value.body?.specifier.value : undefined;
  assert.equal(body instanceof Uint8Array && new TextDecoder().decode(body), 'hello');
});

test('what Istio would not admit does not reach a proxy', () => {
  const rows = [
    `[{ redirect: { uri: /a, redirectCode: 304 } }]`,
    `[{ ${to()}, fault: { abort: { httpStatus: 999, percentage: { value: 1 } } } }]`,
    `[{ match: [{ uri: { regex: "(" } }], ${to()} }]`,
    `[{ redirect: { uri: /a }, ${to()} }]`,
  ];
  for (const http of rows) {
    const push = pushOf(virtualService(http));
    assert.equal(push.virtualServices.length, 0, http);
    assert.equal(push.diagnostics[0]?.object, 'VirtualService/default/vs', http);
    assert.equal(routesOf(http)[0]?.name, 'default', http);
  }
});

test('faults carry millionths, and an absent percentage never strikes', () => {
  const faultOf = (fault: string) => {
    const config = routesOf(`[{ ${to()}, fault: ${fault} }]`)[0]!.typedPerFilterConfig;
    return fromBinary(HTTPFaultSchema, config['envoy.filters.http.fault']!.value);
  };
  const delay = faultOf('{ delay: { fixedDelay: 7s, percentage: { value: 0.1 } } }');
  assert.equal(delay.delay?.percentage?.numerator, 1000);
  assert.equal(faultOf('{ abort: { httpStatus: 500 } }').abort?.percentage?.numerator, 0);
  assert.equal(
    faultOf('{ delay: { fixedDelay: 7s, percent: 100 } }').delay?.percentage?.numerator,
    1_000_000,
  );
});

test('a Host among header operations rewrites it, pseudo headers are dropped', () => {
  const [route] = routesOf(
    `[{ ${to()}, headers: { request: { set: { Host: a, ":path": /x, b: c }, remove: [d, ":method"] } } }]`,
  );
  assert.deepEqual(
    route?.requestHeadersToAdd.map(({ header }) => header?.key),
    ['b'],
  );
  assert.deepEqual(route?.requestHeadersToRemove, ['d']);
  const action = route?.action.value as { hostRewriteSpecifier: unknown };
  assert.deepEqual(action.hostRewriteSpecifier, { case: 'hostRewriteLiteral', value: 'a' });
});

test('source labels and namespace select clients; without any rule left the service keeps its default', () => {
  const names = (match: string, metadata = {}): (string | undefined)[] =>
    hostOf(
      virtualService(`[{ name: own, match: [{ ${match} }], ${to()} }]`),
      undefined,
      metadata,
    ).routes.map(({ name }) => name);
  assert.deepEqual(names('sourceLabels: { app: productpage }'), ['own']);
  assert.deepEqual(names('sourceLabels: { app: other }'), ['default']);
  assert.deepEqual(names('sourceNamespace: other'), ['default']);
  assert.deepEqual(names('port: 9080'), ['own']);
  assert.deepEqual(names('port: 80'), ['default']);
  assert.deepEqual(names('gateways: [mesh], sourceLabels: { app: other }'), ['own']);
  assert.deepEqual(names('gateways: [gw]'), ['default']);
});

test('one VirtualService governs a host: the oldest, an exact name before a wildcard', () => {
  const yaml = [
    virtualService(`[{ name: wide, ${to()} }]`, '["*.default.svc.cluster.local"]').replace(
      'name: vs',
      'name: a',
    ),
    virtualService(`[{ name: first, ${to()} }]`).replace('name: vs', 'name: b'),
    virtualService(`[{ name: second, ${to()} }]`).replace('name: vs', 'name: c'),
  ].join('\n---\n');
  assert.equal(hostOf(yaml).routes[0]?.name, 'first');
  assert.equal(hostOf(yaml, 'ratings.default.svc.cluster.local:9080').routes[0]?.name, 'wide');
});

test('delegates are merged into their root, narrowed and named', () => {
  const yaml = `${virtualService('[{ name: root, match: [{ uri: { prefix: /a } }], delegate: { name: inner } }]')}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: inner }
spec:
  http:
  - { name: one, match: [{ uri: { prefix: /a/b } }], ${to('v1')} }
  - { name: conflict, match: [{ uri: { prefix: /c } }], ${to('v2')} }
  - { name: rest, ${to('v3')} }
`;
  const routes = hostOf(yaml).routes;
  assert.deepEqual(
    routes.map(({ name, match }) => [name, match?.pathSpecifier.value]),
    [
      ['root-one', '/a/b'],
      ['root-rest', '/a'],
    ],
  );
});

const gateway = (servers: string, name = 'gw', namespace = 'default'): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { istio: ingressgateway }, servers: ${servers} }
---
`;
const http80 = (hosts: string): string =>
  `{ port: { number: 80, name: http, protocol: HTTP }, hosts: ${hosts} }`;

test('gateway hosts filter, virtual service hosts match: the table of the tutorial', () => {
  const rows: [string, string, string[]][] = [
    ["['*']", '[customers.default.svc.cluster.local]', ['customers.default.svc.cluster.local']],
    [
      '[customers.default.svc.cluster.local]',
      '[customers.default.svc.cluster.local]',
      ['customers.default.svc.cluster.local'],
    ],
    ['[hello.default.svc.cluster.local]', '[customers.default.svc.cluster.local]', []],
    [
      '[hello.default.svc.cluster.local]',
      '[hello.default.svc.cluster.local, customers.default.svc.cluster.local]',
      ['hello.default.svc.cluster.local'],
    ],
    ["['*.example.com']", '[a.example.com, b.example.org]', ['a.example.com']],
    ['[a.example.com]', "['*.example.com']", ['a.example.com']],
    ["['other/*']", '[a.example.com]', []],
    ["['./*']", '[a.example.com]', ['a.example.com']],
  ];
  for (const [gatewayHosts, hosts, domains] of rows) {
    const yaml =
      gateway(`[${http80(gatewayHosts)}]`) +
      virtualService(`[{ ${to()} }]`, hosts, 'gateways: [gw]');
    const [route] = buildRoutes(pushOf(yaml), ingressGateway(), ['http.8080']);
    const actual = route!.message.virtualHosts.filter(({ name }) => !name.startsWith('blackhole'));
    assert.deepEqual(
      actual.flatMap((host) => host.domains),
      domains,
      `${gatewayHosts} with ${hosts}`,
    );
  }
});

test('several VirtualServices of a gateway host add up, catch-alls last', () => {
  const bound = (name: string, http: string): string =>
    virtualService(http, "['*']", 'gateways: [gw]').replace('name: vs', `name: ${name}`);
  const yaml =
    gateway(`[${http80("['*']")}]`) +
    [
      bound('a', `[{ name: all, ${to()} }]`),
      bound('b', `[{ name: some, match: [{ uri: { prefix: /b } }], ${to()} }]`),
    ].join('\n---\n');
  const [route] = buildRoutes(pushOf(yaml), ingressGateway(), ['http.8080']);
  assert.deepEqual(
    route!.message.virtualHosts[0]?.routes.map(({ name }) => name),
    ['some', 'all'],
  );
});

test('a gateway port without VirtualService answers 404, one with httpsRedirect sends to https', () => {
  const [empty] = buildRoutes(pushOf(gateway(`[${http80("['*']")}]`)), ingressGateway(), [
    'http.8080',
  ]);
  assert.equal(empty!.message.virtualHosts[0]?.name, 'blackhole:80');
  const redirect = gateway(
    '[{ port: { number: 80, name: http, protocol: HTTP }, hosts: [a.example.com], tls: { httpsRedirect: true } }]',
  );
  const [route] = buildRoutes(pushOf(redirect), ingressGateway(), ['http.8080']);
  assert.deepEqual(
    route!.message.virtualHosts.map(({ domains, requireTls }) => [domains, requireTls]),
    [[['a.example.com'], 2]],
  );
});

test('names of a service are what its clients may call it; only port 80 goes without a port', () => {
  assert.deepEqual(hostOf('').domains, [
    `${reviews}:9080`,
    'reviews:9080',
    'reviews.default.svc:9080',
    'reviews.default:9080',
    '127.9.128.3:9080',
  ]);
  const port = (pod: string, address: string, namespace: string) => {
    const [route] = buildRoutes(
      pushOf(''),
      sidecarOf(`${pod}.${namespace}`, address, { INTERCEPTION_MODE: 'REDIRECT' }),
      ['9080'],
    );
    return route!.message.virtualHosts.find(({ name }) => name === `${reviews}:9080`)?.domains;
  };
  assert.deepEqual(port('x', '127.9.0.77', 'other'), [
    reviews,
    'reviews.default.svc',
    'reviews.default',
    '127.9.128.3',
  ]);
});

test('unmatched hosts pass or are refused, as the mesh or a Sidecar says', () => {
  const last = (yaml: string, config = {}): string | undefined => {
    const [route] = buildRoutes(pushOf(yaml, config), productpage(), ['http_proxy']);
    return route!.message.virtualHosts.at(-1)?.name;
  };
  assert.equal(last(''), 'allow_any');
  assert.equal(last('', { outboundTrafficPolicy: 'REGISTRY_ONLY' }), 'block_all');
  const sidecar = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s }
spec: { outboundTrafficPolicy: { mode: REGISTRY_ONLY }, egress: [{ hosts: ["./reviews.default.svc.cluster.local"] }] }
`;
  assert.equal(last(sidecar), 'block_all');
  const [route] = buildRoutes(pushOf(sidecar), productpage(), ['http_proxy']);
  assert.deepEqual(
    route!.message.virtualHosts.map(({ name }) => name),
    [`${reviews}:9080`, 'block_all'],
  );
});

test('an egress proxy takes what no service claims, by HTTP and by TCP', () => {
  const sidecar = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s }
spec: { outboundTrafficPolicy: { mode: ALLOW_ANY, egressProxy: { host: istio-egressgateway.istio-system.svc.cluster.local, port: { number: 80 } } }, egress: [{ hosts: ["./*", "istio-system/*"] }] }
`;
  const push = pushOf(sidecar);
  const [route] = buildRoutes(push, productpage(), ['http_proxy']);
  const action = route!.message.virtualHosts.at(-1)?.routes[0]?.action;
  const specifier = action?.case === 'route' ? action.value.clusterSpecifier.value : undefined;
  const cluster = 'outbound|80||istio-egressgateway.istio-system.svc.cluster.local';
  assert.equal(route!.message.virtualHosts.at(-1)?.name, 'allow_any');
  assert.equal(specifier, cluster);
});

test('the cookie of a hash policy keeps its path, lifetime and attributes', () => {
  const yaml = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: sticky }
spec:
  host: reviews
  trafficPolicy:
    loadBalancer:
      consistentHash:
        httpCookie: { name: user, path: /shop, ttl: 0s, attributes: [{ name: SameSite, value: Lax }, { name: Secure }] }
`;
  const [route] = buildRoutes(pushOf(yaml), productpage(), ['http_proxy']);
  const host = route!.message.virtualHosts.find(({ name }) => name === `${reviews}:9080`);
  const action = host?.routes[0]?.action;
  const policy = action?.case === 'route' ? action.value.hashPolicy[0]?.policySpecifier : undefined;
  assert.ok(policy?.case === 'cookie');
  const { name, path, ttl, attributes } = policy.value;
  assert.deepEqual([name, path, ttl?.seconds], ['user', '/shop', 0n]);
  assert.deepEqual(
    attributes.map((attribute) => [attribute.name, attribute.value]),
    [
      ['SameSite', 'Lax'],
      ['Secure', ''],
    ],
  );
});

test('routes without retries have those of the mesh', () => {
  const defaultHttpRetryPolicy = readHttpRetryPolicy({ attempts: 4, retryOn: '503' });
  assert.ok(defaultHttpRetryPolicy);
  const push = pushOf('', { defaultHttpRetryPolicy });
  const [route] = buildRoutes(push, productpage(), ['http_proxy']);
  const host = route!.message.virtualHosts.find(({ name }) => name === `${reviews}:9080`);
  const action = host?.routes[0]?.action;
  const policy = action?.case === 'route' ? action.value.retryPolicy : undefined;
  assert.equal(policy?.numRetries, 4);
  assert.deepEqual(policy?.retriableStatusCodes, [503]);
  assert.equal(readHttpRetryPolicy({ attempts: 'many' }), undefined);
});
