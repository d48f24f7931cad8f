import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import {
  FilterConfigSchema,
  RouteSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { HTTPFaultSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import type { ForwardAction, RequestHead, RouteTable, VirtualHostTable } from './decision.ts';
import { compileRouteConfiguration } from './route-table.ts';

const table = (json: JsonValue): RouteTable => {
  const { value, diagnostics } = compileRouteConfiguration(
    fromJson(RouteConfigurationSchema, json),
  );
  assert.ok(value, JSON.stringify(diagnostics));
  return value;
};

const diagnose = (json: JsonValue) =>
  compileRouteConfiguration(fromJson(RouteConfigurationSchema, json)).diagnostics;

const host = (routes: JsonValue, more: object = {}): VirtualHostTable => {
  const { virtualHosts } = table({
    virtualHosts: [{ name: 'h', domains: ['*'], routes, ...more }],
  });
  assert.ok(virtualHosts[0]);
  return virtualHosts[0];
};

const head = (path: string, headers: Record<string, string> = {}): RequestHead => ({
  method: headers[':method'] ?? 'GET',
  scheme: headers[':scheme'] ?? 'http',
  authority: headers[':authority'] ?? 'example.com',
  path,
  header: (name) => headers[name],
});

const never = (): number => 999_999;

/** The cluster of the first match, found by the index and by the linear scan alike. */
const clusterOf = (vh: VirtualHostTable, request: RequestHead, dice = never): string => {
  const route = vh.selectRoute(request, dice);
  assert.equal(vh.explainRoute(request, dice).route, route, request.path);
  return route?.action.kind === 'forward' ? (route.action.destinations[0]?.cluster ?? '') : 'none';
};

const to = (cluster: string, match: JsonValue, more: object = {}) => ({
  match,
  route: { cluster, ...more },
});

const forward = (more: JsonValue, vhost: object = {}, match: JsonValue = { prefix: '/' }) => {
  const cluster = Object.hasOwn(more as object, 'weightedClusters') ? {} : { cluster: 'c' };
  const vh = host([{ match, route: { ...cluster, ...(more as object) } }], vhost);
  const action = vh.selectRoute(head('/p/q?x=1'), never)?.action;
  assert.ok(action?.kind === 'forward');
  return action as ForwardAction;
};

test('virtual hosts: exact, longest suffix, longest prefix, any', () => {
  const domains = ['a.com', '*.a.com', '*-x.a.com', 'b.*', 'b.c.*', 'a.com:80', '[::1]:80'];
  const routes = table({
    virtualHosts: [...domains, '*'].map((domain) => ({ name: domain, domains: [domain] })),
  });
  const rows: readonly (readonly [string, string])[] = [
    ['a.com', 'a.com'],
    ['A.COM', 'a.com'],
    ['a.com:80', 'a.com:80'],
    ['a.com:81', '*'],
    ['w.a.com', '*.a.com'],
    ['w-x.a.com', '*-x.a.com'],
    ['.a.com', '*'],
    ['b.org', 'b.*'],
    ['b.c.org', 'b.c.*'],
    ['b.a.com', '*.a.com'],
    ['[::1]:80', '[::1]:80'],
    ['other', '*'],
  ];
  for (const [authority, expected] of rows) {
    assert.equal(routes.selectVirtualHost(authority)?.name, expected, authority);
  }
  const strict = table({ virtualHosts: [{ name: 'x', domains: ['x'] }] });
  assert.equal(strict.selectVirtualHost('y'), undefined);
});

test('virtual hosts: the port can be ignored', () => {
  const routes = table({
    ignorePortInHostMatching: true,
    virtualHosts: [
      { name: 'a', domains: ['a.com'] },
      { name: 'v6', domains: ['[::1]'] },
    ],
  });
  assert.equal(routes.selectVirtualHost('a.com:8080')?.name, 'a');
  assert.equal(routes.selectVirtualHost('[::1]:8080')?.name, 'v6');
  assert.equal(routes.selectVirtualHost('[::1]')?.name, 'v6');
});

test('paths', () => {
  const vh = host([
    to('exact', { path: '/a' }),
    to('folded', { path: '/Case', caseSensitive: false }),
    to('segment', { pathSeparatedPrefix: '/seg' }),
    to('regex', { safeRegex: { regex: '/r/[0-9]+' } }),
    to('folded-prefix', { prefix: '/Pre', caseSensitive: false }),
    to('prefix', { prefix: '/a' }),
    to('connect', { connectMatcher: {} }),
  ]);
  const rows: readonly (readonly [string, string])[] = [
    ['/a', 'exact'],
    ['/a?x=1', 'exact'],
    ['/a#f', 'exact'],
    ['/a/b', 'prefix'],
    ['/ab', 'prefix'],
    ['/cASE', 'folded'],
    ['/seg', 'segment'],
    ['/seg/', 'segment'],
    ['/seg/x?y', 'segment'],
    ['/segment', 'none'],
    ['/r/12?x', 'regex'],
    ['/r/12/', 'none'],
    ['/PREfix', 'folded-prefix'],
    ['/zzz', 'none'],
  ];
  for (const [path, expected] of rows) assert.equal(clusterOf(vh, head(path)), expected, path);
  assert.equal(clusterOf(vh, head('', { ':method': 'CONNECT' })), 'connect');
});

test('the first match wins, whatever the kinds', () => {
  const vh = host([
    to('jason', { prefix: '/', headers: [{ name: 'End-User', stringMatch: { exact: 'jason' } }] }),
    to('long', { prefix: '/api/v1' }),
    to('regex', { safeRegex: { regex: '/api/.*' } }),
    to('exact', { path: '/api/v1/x' }),
    to('rest', { prefix: '/' }),
  ]);
  assert.equal(clusterOf(vh, head('/api/v1/x')), 'long');
  assert.equal(clusterOf(vh, head('/api/v1/x', { 'end-user': 'jason' })), 'jason');
  assert.equal(clusterOf(vh, head('/api/v2')), 'regex');
  assert.equal(clusterOf(vh, head('/')), 'rest');
});

test('header conditions', () => {
  const rows: readonly (readonly [object, string | undefined, boolean])[] = [
    [{ stringMatch: { exact: 'a' } }, 'a', true],
    [{ stringMatch: { exact: 'A', ignoreCase: true } }, 'a', true],
    [{ stringMatch: { exact: 'A' } }, 'a', false],
    [{ stringMatch: { prefix: 'a' } }, 'ab', true],
    [{ stringMatch: { suffix: 'b' } }, 'ab', true],
    [{ stringMatch: { contains: 'b' } }, 'abc', true],
    [{ stringMatch: { safeRegex: { regex: 'a.' } } }, 'abc', false],
    [{ stringMatch: { exact: 'a' } }, undefined, false],
    [{ stringMatch: { exact: 'a' }, invertMatch: true }, 'b', true],
    [{ stringMatch: { exact: 'a' }, invertMatch: true }, undefined, false],
    [
      { stringMatch: { exact: 'a' }, invertMatch: true, treatMissingHeaderAsEmpty: true },
      undefined,
      true,
    ],
    [{ stringMatch: { exact: '' }, treatMissingHeaderAsEmpty: true }, undefined, true],
    [{ presentMatch: true }, '', true],
    [{ presentMatch: true }, undefined, false],
    [{ presentMatch: false }, undefined, true],
    [{ presentMatch: true, invertMatch: true }, undefined, true],
    [{ presentMatch: true, invertMatch: true }, 'a', false],
    [{}, 'a', true],
    [{}, undefined, false],
    [{ invertMatch: true }, undefined, true],
    [{ exactMatch: 'a' }, 'a', true],
    [{ prefixMatch: 'a' }, 'ba', false],
    [{ suffixMatch: 'a' }, 'ba', true],
    [{ containsMatch: 'x' }, 'axb', true],
    [{ safeRegexMatch: { regex: '[0-9]+' } }, '12', true],
    [{ rangeMatch: { start: '-10', end: '0' } }, '-1', true],
    [{ rangeMatch: { start: '-10', end: '0' } }, '0', false],
    [{ rangeMatch: { start: '0', end: '10' } }, '5x', false],
  ];
  for (const [matcher, value, expected] of rows) {
    const vh = host([to('c', { prefix: '/', headers: [{ name: 'h', ...matcher }] })] as JsonValue);
    const request = head('/', value === undefined ? {} : { h: value });
    assert.equal(clusterOf(vh, request) === 'c', expected, `${JSON.stringify(matcher)} ${value}`);
  }
});

test('pseudo headers, query parameters, gRPC, certificates and metadata', () => {
  const rows: readonly (readonly [object, RequestHead, boolean])[] = [
    [
      { headers: [{ name: ':method', stringMatch: { exact: 'PUT' } }] },
      head('/', { ':method': 'PUT' }),
      true,
    ],
    [{ headers: [{ name: ':authority', stringMatch: { prefix: 'ex' } }] }, head('/'), true],
    [{ headers: [{ name: ':scheme', stringMatch: { exact: 'https' } }] }, head('/'), false],
    [{ queryParameters: [{ name: 'a', stringMatch: { exact: '1' } }] }, head('/?b&a=1'), true],
    [{ queryParameters: [{ name: 'a', stringMatch: { exact: '' } }] }, head('/?a'), true],
    [{ queryParameters: [{ name: 'a', presentMatch: true }] }, head('/?ab=1'), false],
    [{ queryParameters: [{ name: 'a' }] }, head('/?a='), true],
    [{ queryParameters: [{ name: 'a', presentMatch: false }] }, head('/'), true],
    [{ grpc: {} }, head('/', { 'content-type': 'application/grpc+proto' }), true],
    [{ grpc: {} }, head('/', { 'content-type': 'application/grpc-web' }), false],
    [{ tlsContext: { presented: true } }, head('/'), false],
    [
      { tlsContext: { presented: true, validated: true } },
      { ...head('/'), clientCertificate: { presented: true, validated: true } },
      true,
    ],
    [
      {
        dynamicMetadata: [
          { filter: 'jwt', path: [{ key: 'sub' }], value: { stringMatch: { exact: 'x' } } },
        ],
      },
      {
        ...head('/'),
        dynamicMetadata: (filter, path) => (filter === 'jwt' && path[0] === 'sub' ? 'x' : 0),
      },
      true,
    ],
  ];
  for (const [match, request, expected] of rows) {
    const vh = host([to('c', { prefix: '/', ...match })] as JsonValue);
    assert.equal(clusterOf(vh, request) === 'c', expected, JSON.stringify(match));
  }
});

test('a runtime fraction takes its share', () => {
  const vh = host([
    to('some', { prefix: '/', runtimeFraction: { defaultValue: { numerator: 25 } } }),
    to('rest', { prefix: '/' }),
  ]);
  assert.equal(
    clusterOf(vh, head('/'), () => 249_999),
    'some',
  );
  assert.equal(
    clusterOf(vh, head('/'), () => 250_000),
    'rest',
  );
});

test('weights are drawn over their sum', () => {
  const action = forward({
    weightedClusters: {
      clusters: [
        { name: 'a', weight: 30 },
        { name: 'zero', weight: 0 },
        { name: 'b', weight: 70, hostRewriteLiteral: 'b.com' },
      ],
    },
  });
  const drawn = new Map<string, number>();
  for (let number = 0; number < 100; number++) {
    const { cluster } = action.select((limit) => {
      assert.equal(limit, 100);
      return number;
    });
    drawn.set(cluster, (drawn.get(cluster) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(drawn), { a: 30, b: 70 });
  assert.equal(action.destinations[2]?.authorityRewrite, 'b.com');
});

test('timeouts: absent is 15 s, zero is none', () => {
  assert.equal(forward({}).timeoutMs, 15_000);
  assert.equal(forward({ timeout: '0s' }).timeoutMs, 0);
  assert.equal(forward({ timeout: '0.0001s' }).timeoutMs, 1);
  assert.equal(forward({ timeout: '3.5s' }).timeoutMs, 3500);
  assert.equal(forward({}).maxGrpcTimeoutMs, undefined);
  assert.equal(forward({ maxStreamDuration: { grpcTimeoutHeaderMax: '0s' } }).maxGrpcTimeoutMs, 0);
});

test('retries: own, inherited, defaults', () => {
  const retryPolicy = {
    retryOn: 'connect-failure, 5xx',
    numRetries: 2,
    retriableStatusCodes: [503],
  };
  const own = forward({ retryPolicy }).retry;
  assert.deepEqual([...(own?.retryOn ?? [])], ['connect-failure', '5xx']);
  assert.equal(own?.maxRetries, 2);
  assert.ok(own?.retriableStatusCodes.has(503));
  assert.deepEqual(
    [own?.backoffBaseMs, own?.backoffMaxMs, own?.hostSelectionAttempts],
    [25, 250, 1],
  );
  assert.equal(forward({}, { retryPolicy: { retryOn: '5xx' } }).retry?.maxRetries, 1);
  assert.equal(forward({}).retry, undefined);
});

test('mirrors: own before inherited; fraction defaults to all', () => {
  const mirror = (cluster: string) => ({ cluster });
  const half = { defaultValue: { numerator: 50 } };
  const own = forward({ requestMirrorPolicies: [{ ...mirror('m'), runtimeFraction: half }] });
  assert.deepEqual(own.mirrors, [
    { cluster: 'm', hostSuffix: true, fraction: 500_000, traceSampled: true },
  ]);
  const inherited = forward({}, { requestMirrorPolicies: [mirror('v')] });
  assert.equal(inherited.mirrors[0]?.fraction, 1_000_000);
});

test('path rewrites keep the query', () => {
  const rows: readonly (readonly [JsonValue, JsonValue, string])[] = [
    [{ prefix: '/p' }, { prefixRewrite: '/z' }, '/z/q?x=1'],
    [{ prefix: '/p/' }, { prefixRewrite: '/' }, '/q?x=1'],
    [{ pathSeparatedPrefix: '/p' }, { prefixRewrite: '/z' }, '/z/q?x=1'],
    [{ path: '/p/q' }, { prefixRewrite: '/whole' }, '/whole?x=1'],
    [{ safeRegex: { regex: '/p.*' } }, { prefixRewrite: '/whole' }, '/whole?x=1'],
    [
      { prefix: '/' },
      { regexRewrite: { pattern: { regex: '/(.)' }, substitution: '/<\\1>' } },
      '/<p>/<q>?x=1',
    ],
  ];
  for (const [match, rewrite, expected] of rows) {
    assert.equal(forward(rewrite, {}, match).pathRewrite?.apply('/p/q?x=1'), expected);
  }
  assert.equal(forward({}).pathRewrite, undefined);
});

test('host rewrites', () => {
  assert.equal(forward({ hostRewriteLiteral: 'x' }).authorityRewrite, 'x');
  assert.equal(forward({ autoHostRewrite: true }).autoHostRewrite, true);
  assert.equal(forward({ hostRewriteHeader: 'X-H' }).authorityFromHeader, 'x-h');
  const byPath = { pattern: { regex: '^/([^/]+).*' }, substitution: '\\1.com' };
  assert.equal(forward({ hostRewritePathRegex: byPath }).authorityFromPath?.('/a/b?c'), 'a.com');
});

test('hash policies, upgrades and filters of the route', () => {
  const action = forward({
    hashPolicy: [
      { header: { headerName: 'X-User' }, terminal: true },
      { cookie: { name: 's', ttl: '0s', path: '/' } },
      { connectionProperties: { sourceIp: true } },
      { queryParameter: { name: 'q' } },
    ],
    upgradeConfigs: [{ upgradeType: 'WebSocket' }, { upgradeType: 'connect', enabled: false }],
  });
  assert.deepEqual(action.hashPolicies, [
    { source: { kind: 'header', name: 'x-user' }, terminal: true },
    { source: { kind: 'cookie', name: 's', path: '/', ttlMs: 0 }, terminal: false },
    { source: { kind: 'source-ip' }, terminal: false },
    { source: { kind: 'query', name: 'q' }, terminal: false },
  ]);
  assert.deepEqual(
    [[...action.upgrades], [...action.disabledUpgrades]],
    [['websocket'], ['connect']],
  );
});

test('redirect locations', () => {
  const https = { ':scheme': 'https' };
  const rows: readonly (readonly [JsonValue, Record<string, string>, string, string])[] = [
    [{ httpsRedirect: true }, { ':authority': 'a.com:80' }, '/x?y', 'https://a.com/x?y'],
    [{ httpsRedirect: true }, { ':authority': 'a.com:8080' }, '/x', 'https://a.com:8080/x'],
    [{ schemeRedirect: 'http' }, { ...https, ':authority': 'a.com:443' }, '/', 'http://a.com/'],
    [{ hostRedirect: 'b.com' }, {}, '/x', 'http://b.com/x'],
    [{ portRedirect: 81 }, { ':authority': 'a.com:80' }, '/', 'http://a.com:81/'],
    [{ portRedirect: 81 }, { ':authority': '[::1]:80' }, '/', 'http://[::1]:81/'],
    [{ pathRedirect: '/n' }, {}, '/x?y=1', 'http://example.com/n?y=1'],
    [{ pathRedirect: '/n', stripQuery: true }, {}, '/x?y=1', 'http://example.com/n'],
    [{ pathRedirect: '/n?z' }, {}, '/x?y=1', 'http://example.com/n?z'],
    [{ prefixRewrite: '/new/' }, {}, '/x?y=1', 'http://example.com/new/x?y=1'],
    [{ stripQuery: true }, {}, '/x?y=1', 'http://example.com/x'],
    [
      { regexRewrite: { pattern: { regex: '/(\\w+)' }, substitution: '/\\1/\\1' } },
      {},
      '/x?y',
      'http://example.com/x/x?y',
    ],
  ];
  for (const [redirect, headers, path, expected] of rows) {
    const vh = host([{ match: { prefix: '/' }, redirect }]);
    const request = head(path, headers);
    const action = vh.selectRoute(request, never)?.action;
    assert.ok(action?.kind === 'redirect');
    assert.equal(action.location(request), expected, JSON.stringify(redirect));
    assert.equal(action.status, 301);
  }
});

test('fault and CORS are decoded, what is not known is kept', () => {
  const route = create(RouteSchema, {
    match: { pathSpecifier: { case: 'prefix', value: '/' } },
    action: {
      case: 'route',
      value: {
        clusterSpecifier: { case: 'cluster', value: 'c' },
        cors: { allowOriginStringMatch: [{ matchPattern: { case: 'exact', value: 'a' } }] },
      },
    },
    typedPerFilterConfig: {
      fault: anyPack(
        HTTPFaultSchema,
        create(HTTPFaultSchema, {
          delay: {
            faultDelaySecifier: { case: 'fixedDelay', value: { seconds: 7n } },
            percentage: { numerator: 100 },
          },
          abort: { errorType: { case: 'httpStatus', value: 500 }, percentage: { numerator: 1 } },
        }),
      ),
      off: anyPack(FilterConfigSchema, create(FilterConfigSchema, { disabled: true })),
      other: create(AnySchema, { typeUrl: 'x/y.Z', value: new Uint8Array([1]) }),
    },
  });
  const message = create(RouteConfigurationSchema, {
    virtualHosts: [{ name: 'h', domains: ['*'], routes: [route] }],
  });
  const { value } = compileRouteConfiguration(message);
  const filters = value?.virtualHosts[0]?.routes[0]?.filterConfig;
  const fault = filters?.get('fault');
  assert.ok(fault?.kind === 'fault');
  assert.deepEqual(fault.delay, { ms: 7000, fraction: 1_000_000 });
  assert.deepEqual(fault.abort, { status: { http: 500 }, fraction: 10_000 });
  assert.deepEqual(filters?.get('off'), { kind: 'disabled' });
  assert.deepEqual(filters?.get('other'), {
    kind: 'raw',
    typeUrl: 'x/y.Z',
    value: new Uint8Array([1]),
  });
  const cors = filters?.get('envoy.filters.http.cors');
  assert.ok(cors?.kind === 'cors');
  assert.ok(cors.allowOrigins[0]?.matches('a'));
  assert.equal(cors.forwardNotMatchingPreflights, true);
});

test('explain names the first condition that failed', () => {
  const vh = host([
    to('a', { prefix: '/static' }),
    to('b', { prefix: '/', headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }] }),
    to('c', { prefix: '/', queryParameters: [{ name: 'debug', presentMatch: true }] }),
    to('d', { prefix: '/' }),
  ]);
  const { route, tried } = vh.explainRoute(head('/reviews', { 'end-user': 'amy' }), never);
  assert.equal(route?.position, 3);
  assert.deepEqual(
    tried.map(({ condition, actual }) => `${condition}: ${actual}`),
    [
      'path prefix /static: /reviews',
      'header end-user exact jason: amy',
      'query debug present: absent',
    ],
  );
});

test('errors carry the path of the field', () => {
  const vhost = (routes: JsonValue) => ({ virtualHosts: [{ name: 'h', domains: ['*'], routes }] });
  const rows: readonly (readonly [JsonValue, string, RegExp])[] = [
    [
      {
        virtualHosts: [
          { name: 'a', domains: ['x'] },
          { name: 'b', domains: ['X'] },
        ],
      },
      'virtual_hosts[1].domains',
      /'X' comes twice/,
    ],
    [{ virtualHosts: [{ name: 'a' }] }, 'virtual_hosts[0].domains', /must not be empty/],
    [vhost([{ match: { prefix: '/' } }]), 'virtual_hosts[0].routes[0].action', /is required/],
    [
      vhost([to('c', {})]),
      'virtual_hosts[0].routes[0].match.path_specifier',
      /path specifier is required/,
    ],
    [
      vhost([to('c', { safeRegex: { regex: '(' } })]),
      'virtual_hosts[0].routes[0].match.safe_regex.regex',
      /not a valid RE2/,
    ],
    [
      vhost([
        { match: { prefix: '/' }, route: { weightedClusters: { clusters: [{ name: 'a' }] } } },
      ]),
      'virtual_hosts[0].routes[0].route.weighted_clusters',
      /sum of weights/,
    ],
    [
      vhost([{ match: { prefix: '/' }, directResponse: { status: 99 } }]),
      'virtual_hosts[0].routes[0].direct_response.status',
      /\[200, 600\)/,
    ],
  ];
  for (const [json, path, message] of rows) {
    const [first] = diagnose(json);
    assert.equal(first?.path, path);
    assert.match(first.message, message);
  }
});
