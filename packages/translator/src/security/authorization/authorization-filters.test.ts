import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ExtAuthzSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import { ExtAuthzSchema as NetworkExtAuthzSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js';
import { readExtensionProviders } from '../../input/extension-provider.ts';
import {
  configOf,
  filtersView,
  type RbacView,
  reviewsSidecar,
} from '../../testing/policy-filters-view.ts';
import { ingressGateway, pushOf } from '../../testing/test-mesh.ts';
import { policyFilters } from '../policy-filters.ts';

interface PolicyText {
  readonly name: string;
  readonly namespace?: string;
  readonly annotations?: string;
  readonly spec: string;
}

const policies = (texts: readonly PolicyText[]): string =>
  texts
    .map(
      ({ name, namespace = 'default', annotations = '{}', spec }) => `
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: ${namespace}, annotations: ${annotations} }
spec: ${spec}
`,
    )
    .join('');

const namesOf = (filters: readonly (RbacView | string)[]): readonly string[] =>
  filters.map((filter) => {
    if (typeof filter === 'string') return filter;
    const { action, rules, shadow, prefix = '' } = filter;
    const list = (some: RbacView['rules']) => Object.keys(some ?? {}).join(' ');
    return `${action} ${list(rules)}${shadow ? ` shadow ${prefix} ${list(shadow)}` : ''}`;
  });

const any = '{ rules: [{}] }';

test('which policies are for a workload', () => {
  const rows: readonly (readonly [string, PolicyText, boolean])[] = [
    ['its namespace', { name: 'p', spec: any }, true],
    ['another namespace', { name: 'p', namespace: 'other', spec: any }, false],
    ['the root namespace', { name: 'p', namespace: 'istio-system', spec: any }, true],
    ['a selector', { name: 'p', spec: '{ selector: { matchLabels: { app: reviews } } }' }, true],
    ['another selector', { name: 'p', spec: '{ selector: { matchLabels: { app: x } } }' }, false],
    [
      'a selector in the root namespace',
      {
        name: 'p',
        namespace: 'istio-system',
        spec: '{ selector: { matchLabels: { version: v1 } } }',
      },
      true,
    ],
    [
      'a reference to a gateway',
      {
        name: 'p',
        spec: '{ targetRefs: [{ group: networking.istio.io, kind: Gateway, name: gw }] }',
      },
      false,
    ],
    [
      'a reference to a service, which is for waypoints',
      { name: 'p', spec: '{ targetRefs: [{ group: "", kind: Service, name: reviews }] }' },
      false,
    ],
  ];
  for (const [name, text, expected] of rows) {
    assert.equal(filtersView(pushOf(policies([text]))).length > 0, expected, name);
  }
});

test('gateways: by selector and by reference in the namespace of the Gateway', () => {
  const gateway = `
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
`;
  const reference = '{ targetRefs: [{ group: networking.istio.io, kind: Gateway, name: gw }] }';
  const selector = '{ selector: { matchLabels: { istio: ingressgateway } } }';
  const count = (text: PolicyText) =>
    filtersView(pushOf(gateway + policies([text])), 'http', ingressGateway()).length;
  assert.equal(count({ name: 'p', namespace: 'istio-system', spec: reference }), 1);
  assert.equal(count({ name: 'p', namespace: 'default', spec: reference }), 0);
  assert.equal(count({ name: 'p', namespace: 'istio-system', spec: selector }), 1);
  assert.equal(count({ name: 'p', namespace: 'default', spec: selector }), 0);
});

test('one filter for each action, in the order AUDIT, DENY, ALLOW', () => {
  const push = pushOf(
    policies([
      { name: 'allow', spec: any },
      { name: 'deny', spec: '{ action: DENY, rules: [{ to: [{ operation: { paths: [/a] } }] }] }' },
      { name: 'audit', spec: '{ action: AUDIT, rules: [{}] }' },
      { name: 'more', spec: any },
      { name: 'root', namespace: 'istio-system', spec: any },
    ]),
  );
  assert.deepEqual(namesOf(filtersView(push)), [
    'LOG ns[default]-policy[audit]-rule[0]',
    'DENY ns[default]-policy[deny]-rule[0]',
    'ALLOW ns[default]-policy[allow]-rule[0] ns[default]-policy[more]-rule[0] ns[istio-system]-policy[root]-rule[0]',
  ]);
});

test('an empty ALLOW allows nothing, an empty DENY denies nothing', () => {
  for (const spec of ['{}', '{ action: DENY, rules: [] }']) {
    assert.deepEqual((filtersView(pushOf(policies([{ name: 'p', spec }])))[0] as RbacView).rules, {
      'ns[default]-policy[p]-rule[0]': '!any may !any',
    });
  }
});

test('an ALLOW policy whose rules are all left out still lets nothing through', () => {
  const spec = '{ rules: [{ to: [{ operation: { methods: [GET] } }] }] }';
  assert.deepEqual(filtersView(pushOf(policies([{ name: 'p', spec }])), 'tcp'), [
    { action: 'ALLOW', rules: {} },
  ]);
});

test('dry run: shadow rules of the same filter, which enforces nothing by itself', () => {
  const annotations = '{ istio.io/dry-run: "true" }';
  const tried = { name: 'tried', annotations, spec: '{ action: DENY, rules: [{}] }' };
  const real = { name: 'real', spec: '{ action: DENY, rules: [{}] }' };
  assert.deepEqual(namesOf(filtersView(pushOf(policies([tried])))), [
    'DENY  shadow istio_dry_run_deny_ ns[default]-policy[tried]-rule[0]',
  ]);
  assert.deepEqual(namesOf(filtersView(pushOf(policies([tried, real])))), [
    'DENY ns[default]-policy[real]-rule[0] shadow istio_dry_run_deny_ ns[default]-policy[tried]-rule[0]',
  ]);
  const allow = { ...tried, spec: any };
  assert.deepEqual(namesOf(filtersView(pushOf(policies([allow])))), [
    'ALLOW  shadow istio_dry_run_allow_ ns[default]-policy[tried]-rule[0]',
  ]);
});

const providers = (text: unknown) => ({ extensionProviders: readExtensionProviders(text) ?? [] });

const custom = (name: string, provider: string): PolicyText => ({
  name,
  spec: `{ action: CUSTOM, provider: { name: ${provider} }, rules: [{ to: [{ operation: { ports: ["9080"] } }] }] }`,
});

const details = 'details.default.svc.cluster.local';
const grpc = { name: 'grpc', envoyExtAuthzGrpc: { service: details, port: 9080, timeout: '2s' } };
const http = {
  name: 'http',
  envoyExtAuthzHttp: {
    service: `default/${details}`,
    port: 9080,
    pathPrefix: '/check',
    failOpen: true,
    statusOnError: '503',
    includeRequestHeadersInCheck: ['x-token', 'x-ext-*'],
    includeAdditionalHeadersInCheck: { 'x-mesh': 'lateen' },
    includeRequestBodyInCheck: { maxRequestBytes: 1024, allowPartialMessage: true },
    headersToUpstreamOnAllow: ['x-user'],
    headersToDownstreamOnDeny: ['x-why'],
    headersToDownstreamOnAllow: ['set-cookie'],
  },
};

test('CUSTOM goes first: shadow rules find out, the authorizer is asked', () => {
  const push = pushOf(
    policies([{ name: 'allow', spec: any }, custom('c', 'http')]),
    providers([http]),
  );
  assert.deepEqual(namesOf(filtersView(push)), [
    'DENY  shadow istio_ext_authz_ istio-ext-authz-ns[default]-policy[c]-rule[0]',
    'envoy.filters.http.ext_authz',
    'ALLOW ns[default]-policy[allow]-rule[0]',
  ]);
  const filter = policyFilters(push, reviewsSidecar).http[1]!;
  const config = fromBinary(ExtAuthzSchema, configOf(filter));
  assert.equal(config.failureModeAllow, true);
  assert.equal(config.statusOnError?.code, 503);
  assert.equal(config.withRequestBody?.maxRequestBytes, 1024);
  assert.deepEqual(
    config.allowedHeaders?.patterns.map(({ matchPattern }) => matchPattern.value),
    ['x-token', 'x-ext-'],
  );
  const service = config.services.case === 'httpService' ? config.services.value : undefined;
  assert.equal(service?.serverUri?.httpUpstreamType.value, `outbound|9080||${details}`);
  assert.equal(service?.pathPrefix, '/check');
  assert.equal(service?.authorizationRequest?.headersToAdd[0]?.value, 'lateen');
  assert.equal(service?.authorizationResponse?.allowedClientHeaders?.patterns.length, 1);
  const enabled = config.filterEnabledMetadata;
  assert.equal(enabled?.filter, 'envoy.filters.http.rbac');
  assert.equal(enabled?.path[0]?.segment.value, 'istio_ext_authz_shadow_effective_policy_id');
});

test('CUSTOM on TCP: gRPC authorizers only', () => {
  const push = pushOf(policies([custom('c', 'grpc')]), providers([grpc]));
  assert.deepEqual(namesOf(filtersView(push, 'tcp')), [
    'DENY  shadow istio_ext_authz_ istio-ext-authz-ns[default]-policy[c]-rule[0]',
    'envoy.filters.network.ext_authz',
  ]);
  const config = fromBinary(
    NetworkExtAuthzSchema,
    configOf(policyFilters(push, reviewsSidecar).tcp[1]!),
  );
  const target = config.grpcService?.targetSpecifier;
  assert.equal(
    target?.case === 'envoyGrpc' && target.value.authority,
    `outbound_.9080_._.${details}`,
  );
  assert.equal(config.grpcService?.timeout?.seconds, 2n);
  const overHttp = pushOf(policies([custom('c', 'http')]), providers([http]));
  assert.deepEqual(filtersView(overHttp, 'tcp'), []);
});

test('whom nobody can ask about is denied', () => {
  const name = 'istio-ext-authz-ns[default]-policy[c]-rule[0]-deny-due-to-bad-CUSTOM-action';
  const rows: readonly (readonly [string, readonly PolicyText[], unknown])[] = [
    ['no such provider', [custom('c', 'nobody')], [grpc]],
    ['a provider of another kind', [custom('c', 'log')], [{ name: 'log', envoyFileAccessLog: {} }]],
    [
      'no such service',
      [custom('c', 'grpc')],
      [{ name: 'grpc', envoyExtAuthzGrpc: { service: 'nowhere.example.com', port: 1 } }],
    ],
    ['several providers', [custom('c', 'grpc'), custom('d', 'http')], [grpc, http]],
  ];
  for (const [title, texts, list] of rows) {
    const [filter, ...others] = namesOf(filtersView(pushOf(policies(texts), providers(list))));
    assert.ok(filter?.startsWith(`DENY ${name}`), `${title}: ${filter}`);
    assert.equal(others.length, 0, title);
  }
});

test('CUSTOM under dry run asks nobody', () => {
  const tried = { ...custom('c', 'grpc'), annotations: '{ istio.io/dry-run: "true" }' };
  assert.deepEqual(filtersView(pushOf(policies([tried]), providers([grpc]))), []);
});

test('a policy that is not valid still restricts', () => {
  const rows: readonly (readonly [string, RbacView])[] = [
    [
      '{ rules: [{ from: [{ source: {} }] }, { to: [{ operation: { methods: [GET] } }] }] }',
      { action: 'ALLOW', rules: { 'ns[default]-policy[p]-rule[1]': 'any may :method exact GET' } },
    ],
    ['{ rules: [{ when: [{ key: nonsense, values: [a] }] }] }', { action: 'ALLOW', rules: {} }],
    [
      '{ action: DENY, rules: [{ from: [{ source: { namespaces: [a] } }], when: [{ key: nonsense, values: [a] }] }] }',
      { action: 'DENY', rules: { 'ns[default]-policy[p]-rule[0]': 'peer ~.*/ns/a/.* may any' } },
    ],
    [
      '{ action: DENY, rules: [{ to: [{ operation: { paths: ["/{**}/{*}"] } }] }] }',
      { action: 'DENY', rules: { 'ns[default]-policy[p]-rule[0]': 'any may any' } },
    ],
  ];
  for (const [spec, expected] of rows) {
    const push = pushOf(policies([{ name: 'p', spec }]));
    assert.ok(
      push.diagnostics.some(({ severity }) => severity === 'error'),
      spec,
    );
    assert.deepEqual(filtersView(push), [expected], spec);
  }
});
