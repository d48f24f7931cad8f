import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { samplePath } from '../sample.ts';
import { runWords } from '../testing/run-words.ts';
import { readManifests } from './manifest-files.ts';

const bookinfo = [
  'bookinfo/platform/kube/bookinfo.yaml',
  'bookinfo/networking/destination-rule-all.yaml',
  'bookinfo/networking/virtual-service-reviews-test-v2.yaml',
].flatMap((path) => ['-f', samplePath(path)]);

const explain = async (...words: string[]) => {
  const { code, out, err } = await runWords(['explain', ...words]);
  return { code, out: out.replaceAll(samplePath(''), ''), err };
};

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-explain-'));
});
after(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('one decision a line, in order, with the file and line of each', async () => {
  const { code, out } = await explain(
    ...['GET', 'http://reviews:9080/reviews/0', '--from', 'productpage', '-H', 'end-user: tom'],
    ...bookinfo,
  );
  assert.equal(code, 0);
  const rules = 'bookinfo/networking/virtual-service-reviews-test-v2.yaml';
  assert.deepEqual(out.trimEnd().split('\n'), [
    'request        GET http://reviews:9080/reviews/0',
    'proxy          default/productpage-v1-0 (productpage-v1), outbound',
    'listener       0.0.0.0_9080',
    'filter chain   transport raw_buffer, alpn http/1.1, h2c',
    'virtual host   reviews.default.svc.cluster.local:9080, in routes 9080',
    `passed over    http[0].match[0] of VirtualService default/reviews (${rules}:11): wants header end-user exact jason, got tom`,
    `route          http[1] of VirtualService default/reviews (${rules}:18), on path prefix /`,
    'cluster        outbound|9080|v1|reviews.default.svc.cluster.local',
    '  rule         DestinationRule default/reviews (bookinfo/networking/destination-rule-all.yaml:17), subset v1',
    '  endpoints    10.1.0.3:9080 default/reviews-v1-0',
    'arrives        default/reviews-v1-0: mutual TLS as spiffe://cluster.local/ns/default/sa/bookinfo-productpage, the port is PERMISSIVE',
    'retries        up to 2, on connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
    'client sees    the answer of default/reviews-v1-0',
  ]);
});

const outside = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: api }
spec: { hosts: [api.example.com], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: egress }
spec: { selector: { istio: egressgateway }, servers: [{ port: { number: 80, name: web, protocol: HTTP }, hosts: ['*'] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: api }
spec:
  hosts: [api.example.com]
  gateways: [egress, mesh]
  http:
  - { match: [{ gateways: [mesh] }], route: [{ destination: { host: istio-egressgateway.istio-system.svc.cluster.local } }] }
  - { match: [{ gateways: [egress] }], route: [{ destination: { host: api.example.com } }], timeout: 2s }
`;

test('what an egress gateway decides stands below it', async () => {
  const { out } = await explain(
    ...['http://api.example.com/', '--from', 'productpage', ...bookinfo],
    ...['-f', fileOf('egress.yaml', outside)],
  );
  const lines = out.trimEnd().split('\n');
  const from = lines.findIndex((line) => line.startsWith('gateway '));
  assert.deepEqual(
    lines.slice(from).map((line) => line.replaceAll(folder, '')),
    [
      'gateway        istio-system/istio-egressgateway-0 (istio-egressgateway)',
      '  listener     0.0.0.0_8080',
      '  filter chain the only one',
      '  virtual host api.example.com:80, in routes http.8080',
      '  route        http[1].match[0] of VirtualService default/api (/egress.yaml:20), on path prefix /',
      '  no route     http[0] of VirtualService default/api (/egress.yaml:19): not for this proxy (gateways, port or source)',
      '  cluster      outbound|80||api.example.com',
      '    endpoints  api.example.com:80',
      '  timeout      2 s',
      '  retries      up to 2, on connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
      'retries        up to 2, on connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
      'client sees    the answer of api.example.com:80 (istio-system/istio-egressgateway-0)',
    ],
  );
});

test('JSON carries the decision', async () => {
  const { out } = await explain(
    ...['http://reviews:9080/reviews/0', '--from', 'productpage', '-H', 'end-user: jason'],
    ...[...bookinfo, '-o', 'json'],
  );
  const value = JSON.parse(out) as Record<string, unknown>;
  const keys =
    'listener filterChain virtualHost route cluster destinations redirect directResponse fault responseFlags';
  for (const key of keys.split(' ')) assert.ok(key in value, key);
  assert.equal(value['cluster'], 'outbound|9080|v2|reviews.default.svc.cluster.local');
});

test('a rule behind one that takes everything is shown as never reached', async () => {
  const files = ['customers-v1', 'customers-v2', 'customers-dr', 'customers-70-30', 'web-frontend'];
  const paths = files.flatMap((file) => [
    '-f',
    samplePath(`customers/simple-routing/${file}.yaml`),
  ]);
  const { out } = await explain('http://customers', '--from', 'web-frontend', ...paths);
  assert.match(out, /route {10}http\[0\] of .*customers-70-30\.yaml:11\) "customers-v1-routes"/);
  assert.match(out, /no route {7}http\[1\] of .*:17\): a rule before it takes every request/);
});

test('weights, faults and missing subsets are told with their shares', async () => {
  const path = fileOf(
    'rules.yaml',
    `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
  - fault: { abort: { httpStatus: 503, percentage: { value: 10 } } }
    rewrite: { uri: /v2 }
    route:
    - { destination: { host: reviews, subset: v1 }, weight: 75, headers: { request: { set: { x-a: b } } } }
    - { destination: { host: reviews, subset: v9 }, weight: 25 }
`,
  );
  const { out } = await explain(
    'http://reviews:9080/',
    '--from',
    'productpage',
    ...bookinfo,
    '-f',
    path,
  );
  assert.match(out, /fault {10}abort with 503, 10 %/);
  assert.match(out, /cluster {8}75 % outbound\|9080\|v1\|/);
  assert.match(out, / {2}sent as {6}GET \/v2, host reviews:9080/);
  assert.match(out, / {2}request {6}x-a: b/);
  assert.match(
    out,
    / {2}missing {6}there is none: a DestinationRule for \S+ must name the subset v9/,
  );
  assert.match(
    out,
    /client sees {4}75 % the answer of default\/reviews-v1-0; 25 % 503: there is no such cluster \(NC\) \(in 10 % of cases 503, injected\)\n$/,
  );
});

const refusals: readonly (readonly [readonly string[], RegExp])[] = [
  [['http://nowhere/', '--from', 'productpage'], /^lateen: there is no service "nowhere"/],
  [
    ['http://reviews:9080/', '--from', 'nobody'],
    /^lateen: there is no workload "nobody": known are/,
  ],
  [
    ['ftp://reviews/', '--from', 'productpage'],
    /^lateen: "ftp:\/\/reviews\/" is not a URL: write one like/,
  ],
  [['http://reviews:9080/'], /^lateen: say whose request it is/],
  [['http://reviews:9080/', '--from', 'a', '--inbound', 'b'], /^lateen: say whose request it is/],
  [['http://reviews:9080/', '--gateway', 'gw'], /^lateen: there is no Gateway "gw"/],
  [['http://reviews:9080/', '--from', 'productpage', '-H', 'x'], /^lateen: "x" is not a header/],
  [['GET', 'http://reviews:9080/', 'more', '--from', 'productpage'], /^lateen: what is "more"\?/],
];
for (const [words, message] of refusals) {
  test(`lateen explain ${words.join(' ')}`, async () => {
    const { code, out, err } = await explain(...words, ...bookinfo);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, message);
    assert.equal(err.trimEnd().split('\n').length, 1);
  });
}

test('files that cannot be read say which and where', async () => {
  const broken = fileOf('broken.yaml', 'kind: Service\nmetadata: { name: [\n');
  const strange = fileOf('strange.yaml', 'just: text\n');
  const cases = [
    [join(folder, 'none.yaml'), /cannot read \S+none\.yaml: there is no such file/],
    [broken, /broken\.yaml:\d+:\d+: /],
    [strange, /strange\.yaml:1:1: not a Kubernetes object/],
  ] as const;
  for (const [path, message] of cases) {
    const { code, err } = await explain('http://a.b/', '--from', 'x', '-f', path);
    assert.equal(code, 1);
    assert.match(err, message);
  }
});

test('a folder stands for its manifests, a List for its items, the last of an object counts', () => {
  const manifests = join(folder, 'manifests');
  mkdirSync(manifests);
  const service = (name: string, port: number): string =>
    `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ port: ${port} }] }\n`;
  writeFileSync(join(manifests, 'a.yaml'), `${service('one', 1)}---\n${service('two', 2)}---\n`);
  writeFileSync(
    join(manifests, 'b.json'),
    JSON.stringify({
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'one' } }],
    }),
  );
  writeFileSync(join(manifests, 'notes.txt'), 'nothing');
  const { objects, locate } = readManifests([manifests]);
  assert.deepEqual(
    objects.map(({ metadata, spec }) => [metadata.name, spec !== undefined]),
    [
      ['one', false],
      ['two', true],
    ],
  );
  const two = { kind: 'Service', namespace: 'default', name: 'two' };
  assert.deepEqual(locate(two, 'spec.ports[0].port'), {
    ...{ file: join(manifests, 'a.yaml'), line: 9, column: 25 },
  });
  assert.equal(locate(two, 'spec.nothing')?.line, 9);
  assert.equal(locate({ ...two, name: 'three' }, 'spec'), undefined);
});

const policies = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: STRICT } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: viewers }
spec:
  selector: { matchLabels: { app: reviews } }
  rules:
  - to: [{ operation: { methods: [GET] } }]
    from: [{ source: { principals: [cluster.local/ns/default/sa/bookinfo-productpage] } }]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens }
spec: { selector: { matchLabels: { app: details } }, jwtRules: [{ issuer: issuer.example, jwks: '{"keys":[]}' }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: admins }
spec:
  selector: { matchLabels: { app: details } }
  rules: [{ when: [{ key: 'request.auth.claims[groups]', values: [admin] }] }]
`;

test('mutual TLS, tokens and policies at the destination, and what was missing', async () => {
  const path = fileOf('policies.yaml', policies);
  const page = ['--from', 'productpage', ...bookinfo, '-f', path];
  const identity = 'spiffe://cluster.local/ns/default/sa/bookinfo-productpage';
  const allowed = await explain('http://reviews:9080/', ...page);
  assert.match(
    allowed.out,
    new RegExp(`arrives {8}default/reviews-v1-0: mutual TLS as ${identity}, the port is STRICT\n`),
  );
  assert.match(allowed.out, / {2}policies {5}ALLOW: matched, rules\[0\] of AuthorizationPolicy/);
  assert.match(allowed.out, /client sees {4}the answer of default\/reviews-v1-0/);
  const denied = await explain('POST', 'http://reviews:9080/', ...page);
  assert.match(denied.out, / {2}missing {6}rules\[0\] of .*: wants method exact GET, got POST\n/);
  assert.match(denied.out, /client sees {4}403: RBAC: access denied.*\(default\/reviews-v1-0\)/);
  const anonymous = await explain('http://details:9080/', ...page);
  assert.match(anonymous.out, / {2}token {8}none; taken are those of issuer\.example/);
  assert.match(anonymous.out, /wants claim groups .*admin, got absent/);
  const admin = await explain('http://details:9080/', ...page, '--claim', 'groups=["admin"]');
  assert.match(admin.out, / {2}token {8}accepted: iss=issuer\.example, groups=\["admin"\]/);
  assert.match(admin.out, /client sees {4}the answer of default\/details-v1-0/);
});

test('who asks can be said: identity, address, token', async () => {
  const path = fileOf('policies.yaml', policies);
  const here = [...bookinfo, '-f', path];
  const plain = await explain('http://reviews:9080/', '--inbound', 'reviews-v1', ...here);
  assert.match(plain.out, /client sees {4}a connection reset: the port takes mutual TLS only/);
  const stranger = ['--principal', 'other.domain/ns/default/sa/x'];
  const foreign = await explain(
    ...['http://reviews:9080/', '--inbound', 'reviews-v1', ...stranger, ...here],
  );
  assert.match(foreign.out, /a failed TLS handshake: certificates of spiffe:\/\/other\.domain/);
  const inside = ['--principal', 'cluster.local/ns/default/sa/curl', '--source-ip', '10.9.8.7'];
  const other = await explain(
    ...['http://reviews:9080/', '--inbound', 'reviews-v1', ...inside, ...here],
  );
  assert.match(other.out, /client {9}mutual TLS as spiffe:\S+\/sa\/curl, from 10\.9\.8\.7/);
  assert.match(other.out, /wants principal exact \S+, got spiffe:\S+\/sa\/curl/);
  const token = fileOf('token.txt', 'a.b.c\n');
  const refused = await explain(
    ...['http://details:9080/', '--from', 'productpage', '--jwt', token, ...here],
  );
  assert.match(refused.out, / {2}token {8}refused: Jwt header is an invalid/);
  for (const flags of [
    ['--claim', 'x'],
    ['--source-ip', 'x'],
    ['--jwt', `${token}.not`],
  ]) {
    assert.equal((await explain('http://a.b/', '--from', 'x', ...flags, ...here)).code, 1);
  }
});
