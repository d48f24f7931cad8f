import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { testContext } from '../testing/format-context.ts';
import { compileCel } from './cel-expression.ts';
import { CelError } from './cel-value.ts';

fc.configureGlobal({ seed: 20_261_121 });

const context = testContext();

const evaluate = (source: string): unknown => {
  const { value, diagnostics } = compileCel(source);
  assert.ok(value !== undefined, `${source}: ${diagnostics[0]?.message}`);
  const result = value.evaluate(context);
  return result instanceof CelError ? 'error' : (value.text(context) ?? null);
};

const rows = (cases: readonly (readonly [string, string | null])[]): void => {
  for (const [source, expected] of cases) assert.equal(evaluate(source), expected, source);
};

test('attributes of requests, responses and connections', () => {
  rows([
    ['request.method', 'GET'],
    ['request.url_path', '/reviews/0'],
    ['request.path', '/reviews/0?page=2&sort=asc'],
    ['request.query', 'page=2&sort=asc'],
    ['request.host', 'reviews:9080'],
    ['request.useragent', 'curl/8'],
    ["request.headers['User-Agent']", 'curl/8'],
    ["request.headers['nope']", 'error'],
    ["'nope' in request.headers", 'false'],
    ["has(request.headers) && 'user-agent' in request.headers", 'true'],
    ['request.headers.exists(name, name == ":method")', 'true'],
    ['request.size', '12'],
    ['request.total_size', '112'],
    ["request.duration > duration('500ms')", 'true'],
    ['request.time.getFullYear()', '2026'],
    ["request.time < timestamp('2026-11-21T10:00:00Z')", 'true'],
    ['response.code', '503'],
    ['response.code >= 500 && response.code < 600', 'true'],
    ['response.code_details', 'upstream_reset'],
    ['response.flags', '32800'],
    ['response.flags % 64 / 32 == 1', 'true'],
    ["response.headers['content-type'].startsWith('application/')", 'true'],
    ['has(response.grpc_status)', 'false'],
    ['response.grpc_status', 'error'],
    ['connection.mtls', 'true'],
    ["connection.uri_san_peer_certificate.contains('/sa/productpage') ? 'page' : 'other'", 'page'],
    ['connection.id', '7'],
    ['source.address', '127.1.0.2:41002'],
    ['string(destination.port)', '9080'],
    ['upstream.port == 9080', 'true'],
    ['upstream.request_attempt_count', '2'],
    ["xds.cluster_name.split('|')[3]", 'reviews.default.svc.cluster.local'],
    ['xds.route_name', 'default'],
    ["xds.cluster_metadata.filter_metadata['istio'].services[0].host", 'reviews.default'],
    ["xds.node.metadata['CLUSTER_ID']", 'Kubernetes'],
    ['node.id', 'sidecar~1'],
    ["'admin' in metadata.filter_metadata['envoy.filters.http.jwt_authn'].payload.groups", 'true'],
    ["metadata.filter_metadata['envoy.filters.http.jwt_authn'].payload.level == 3", 'true'],
    ["has(metadata.filter_metadata['nope'].x)", 'error'],
    ['filter_state.downstream_peer.workload', 'productpage-v1'],
    ["has(filter_state.upstream_peer) ? 'known' : 'unknown'", 'unknown'],
    ['downstream_peer.namespace', 'default'],
  ]);
});

test('operators and functions', () => {
  rows([
    ['1 + 2 * 3 - 4', '3'],
    ['7 / 2', '3'],
    ['7.0 / 2.0', '3.5'],
    ['-7 % 4', '-3'],
    ['1 == 1.0 && 1 < 1.5 && 2u > 1', 'true'],
    ['9223372036854775807 + 1', 'error'],
    ['1 / 0', 'error'],
    ['"a" + \'b\' + """c"d""" + r\'\\n\'', 'abc"d\\n'],
    ['"\\u00e9\\x41\\n\\101"', 'éA\nA'],
    ['"a" == 1', 'false'],
    ['"a" < 1', 'error'],
    ['[1, 2] + [3] == [1, 2, 3]', 'true'],
    ['{"a": 1, "b": 2}["b"]', '2'],
    ['{"a": 1} == {"a": 1.0}', 'true'],
    ['size("é😀")', '2'],
    ['[1, 2, 3].map(x, x % 2 == 1, x * 10)', '[10,30]'],
    ['[1, 2, 3].filter(x, x > 1).size()', '2'],
    ['[1, 2].all(x, x > 0) && [1, 2].exists_one(x, x == 2)', 'true'],
    ['"abc".matches("^a.c$")', 'true'],
    ['"xxabcxx".matches("a[b]c")', 'true'],
    ['"abc".matches("^b")', 'false'],
    ['"abc".matches("a" + "b")', 'true'],
    ['"abc".matches("(" + "")', 'error'],
    ['"Abc".lowerAscii().replace("b", "$&").substring(1)', '$&c'],
    ['int("42") + int(1.9)', '43'],
    ['double("1.5")', '1.5'],
    ['duration("1m30s")', '90s'],
    ['timestamp("2026-11-21T09:05:07Z") - duration("7s")', '2026-11-21T09:05:00.000Z'],
    ['!true || !false', 'true'],
    ['null == null', 'true'],
  ]);
});

test('a side that decides makes up for an error on the other', () => {
  rows([
    ["request.headers['nope'] == 'x' || response.code == 503", 'true'],
    ["response.code == 503 || request.headers['nope'] == 'x'", 'true'],
    ["request.headers['nope'] == 'x' && response.code == 200", 'false'],
    ["request.headers['nope'] == 'x' || response.code == 200", 'error'],
    ["!(request.headers['nope'] == 'x')", 'error'],
    ["request.headers['nope'] == 'x' ? 'a' : 'b'", 'error'],
    ["['a', 'b'].exists(x, x == 'b' || request.headers[x] == 'c')", 'true'],
    ['response.code && true', 'error'],
  ]);
});

test('only true holds', () => {
  const holds = (source: string): boolean | undefined => compileCel(source).value?.holds(context);
  assert.equal(holds('response.code >= 400'), true);
  assert.equal(holds('response.code < 400'), false);
  assert.equal(holds('response.code'), false);
  assert.equal(holds("request.headers['nope'] == 'x'"), false);
});

test('what is no expression is refused where it stands', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /an expression is expected at character 1/],
    ['response.code >', /an expression is expected at character 16/],
    ['response.code = 200', /'=' is not expected at character 15/],
    ['"open', /is not expected/],
    ['"\\q"', /'\\q' is no escape/],
    ['reponse.code == 200', /attribute 'reponse' is not known/],
    ['request.path.frobnicate()', /function frobnicate\(\) is not known/],
    ['startsWith("a")', /does not take 1 arguments/],
    ['has(request)', /has\(\) takes one field/],
    ['request.path.matches("(")', /not a valid RE2 expression/],
    [`${'('.repeat(70)}1${')'.repeat(70)}`, /nested too deeply/],
    [Array.from({ length: 70 }, () => '1').join('+'), /too many operators/],
    ['[1].all(a, [1].all(b, [1].all(c, true)))', /more than 2 macros/],
    ['1 '.repeat(6000), /longer than/],
    ['a b', /an operator is expected/],
  ];
  for (const [source, message] of cases) {
    const { value, diagnostics } = compileCel(source, 'filter.expression');
    assert.equal(value, undefined, source);
    assert.match(diagnostics[0]?.message ?? '', message, source);
    assert.equal(diagnostics[0]?.path, 'filter.expression');
  }
});

test('properties: no text throws, and numbers are computed as they are written', () => {
  const word = fc.constantFrom(
    ...'request.headers response.code ( ) [ ] { } . , ? : && || ! - + * / % == < in "a" 1 2.5 has size x'.split(
      ' ',
    ),
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(text, (source) => {
      const { value, diagnostics } = compileCel(source);
      assert.equal(value === undefined, diagnostics.length > 0);
      value?.text(context);
    }),
  );
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (left, right) => {
      assert.equal(evaluate(`${left} + (${right})`), String(left + right));
      assert.equal(evaluate(`${left} < ${right}`), String(left < right));
    }),
  );
});
