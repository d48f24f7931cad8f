import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  PermissionSchema,
  type RBAC as Rules,
} from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import { RBACSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import { UriTemplateMatchConfigSchema } from '@lateen/xds/gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js';
import { MetadataMatcherSchema } from '@lateen/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import { Findings } from './findings.ts';
import { compileRbac } from './rbac-compilation.ts';
import type { RbacSettings } from './rbac-settings.ts';
import { type PolicyRequestModel, policyRequest } from './testing/policy-request.ts';

const compileMessage = (message: ReturnType<typeof create<typeof RBACSchema>>) => {
  const findings = new Findings();
  return findings.checked(compileRbac(message, findings, 'rbac'));
};

const compile = (json: JsonObject): RbacSettings => {
  const { value, diagnostics } = compileMessage(fromJson(RBACSchema, json));
  assert.deepEqual(diagnostics, []);
  assert.ok(value !== undefined);
  return value;
};

const any = { any: true };

/** Rules of one ALLOW policy. */
const allowing = (permission: JsonObject, principal: JsonObject = any) =>
  compile({
    rules: { policies: { p: { permissions: [permission], principals: [principal] } } },
  });

const allows = (settings: RbacSettings, model: PolicyRequestModel): boolean | undefined =>
  settings.rules?.judge(policyRequest(model)).allowed;

const claims = (payload: JsonObject) => ({ 'envoy.filters.http.jwt_authn': { payload } });
const spiffe = 'spiffe://cluster.local/ns/default/sa/productpage';

interface Row {
  readonly permission?: JsonObject;
  readonly principal?: JsonObject;
  readonly yes: readonly PolicyRequestModel[];
  readonly no: readonly PolicyRequestModel[];
}

const claimMatch = (value: JsonObject): JsonObject => ({
  metadata: {
    filter: 'envoy.filters.http.jwt_authn',
    path: [{ key: 'payload' }, { key: 'groups' }],
    value,
  },
});

const rows: Readonly<Record<string, Row>> = {
  'a path, without query and fragment': {
    permission: { urlPath: { path: { exact: '/a' } } },
    yes: [{ path: '/a' }, { path: '/a?b=/c' }, { path: '/a#x' }],
    no: [{ path: '/A' }, { path: '/a/' }, { path: '/a%2f' }, { tcp: true }, { path: '' }],
  },
  'a method, by pseudo header': {
    permission: { header: { name: ':method', stringMatch: { exact: 'GET' } } },
    yes: [{}],
    no: [{ method: 'get' }, { method: 'POST' }, { tcp: true }],
  },
  'a host in any case': {
    permission: {
      header: { name: ':authority', stringMatch: { exact: 'Shop.Example', ignoreCase: true } },
    },
    yes: [{ authority: 'shop.example' }, { authority: 'SHOP.EXAMPLE' }],
    no: [{ authority: 'shop.example:80' }, { authority: 'shop.example.' }],
  },
  'ports and ranges of ports': {
    permission: {
      orRules: {
        rules: [{ destinationPort: 80 }, { destinationPortRange: { start: 8000, end: 8002 } }],
      },
    },
    yes: [{ port: 80 }, { port: 8000 }, { port: 8001 }],
    no: [{ port: 81 }, { port: 8002 }],
  },
  'a destination address': {
    permission: { destinationIp: { addressPrefix: '10.0.0.0', prefixLen: 24 } },
    yes: [{}],
    no: [],
  },
  'a server name': {
    permission: { requestedServerName: { suffix: '.example' } },
    yes: [{ serverName: 'a.example', tcp: true }],
    no: [{ serverName: '' }, { serverName: 'a.example.com' }],
  },
  'what is not': {
    permission: { notRule: { urlPath: { path: { prefix: '/admin' } } } },
    yes: [{ path: '/' }, { path: '/Admin' }],
    no: [{ path: '/admin' }, { path: '/admin/x?y' }],
  },
  'a principal, by any name of the certificate': {
    principal: { authenticated: { principalName: { exact: spiffe } } },
    yes: [{ principal: spiffe }],
    no: [
      {},
      { principal: null },
      { principal: `${spiffe}x` },
      { principal: 'spiffe://cluster.local/ns/default/sa/Productpage' },
    ],
  },
  'any name at all: a certificate is needed': {
    principal: { authenticated: { principalName: { safeRegex: { regex: '.+' } } } },
    yes: [{ principal: spiffe }, { principal: null, dnsSans: ['a'] }],
    no: [{}, { principal: null }],
  },
  'any TLS': { principal: { authenticated: {} }, yes: [{ principal: null }], no: [{}] },
  'a namespace': {
    principal: { authenticated: { principalName: { safeRegex: { regex: '.*/ns/default/.*' } } } },
    yes: [{ principal: spiffe }],
    no: [{ principal: 'spiffe://cluster.local/ns/default2/sa/x' }],
  },
  'the peer of the connection': {
    principal: { directRemoteIp: { addressPrefix: '10.0.0.0', prefixLen: 8 } },
    yes: [{ source: '10.255.0.1', remote: '1.2.3.4' }, { source: '::ffff:10.1.1.1' }],
    no: [{ source: '11.0.0.1', remote: '10.0.0.1' }, { source: 'x' }, { source: '' }],
  },
  'the client behind trusted hops': {
    principal: { remoteIp: { addressPrefix: '2001:db8::', prefixLen: 32 } },
    yes: [{ remote: '2001:db8::1' }],
    no: [{ remote: '2001:db9::1' }, { remote: '10.0.0.1' }],
  },
  'a claim in a list': {
    principal: claimMatch({ listMatch: { oneOf: { stringMatch: { exact: 'admin' } } } }),
    yes: [{ metadata: claims({ groups: ['user', 'admin'] }) }],
    no: [{}, { metadata: claims({ groups: 'admin' }) }, { metadata: claims({ groups: ['x'] }) }],
  },
  'filter state': {
    principal: { filterState: { key: 'io.istio.peer_principal', stringMatch: { exact: spiffe } } },
    yes: [{ filterState: { 'io.istio.peer_principal': spiffe } }],
    no: [{}],
  },
  'everything together, and alternatives': {
    permission: {
      andRules: {
        rules: [
          { orRules: { rules: [{ urlPath: { path: { exact: '/a' } } }, { destinationPort: 1 }] } },
          { notRule: { header: { name: 'x-no', presentMatch: true } } },
        ],
      },
    },
    yes: [{ path: '/a' }, { port: 1 }],
    no: [{ path: '/b' }, { path: '/a', headers: { 'x-no': '' } }],
  },
};

for (const [name, { permission = any, principal = any, yes, no }] of Object.entries(rows)) {
  test(`policies look at ${name}`, () => {
    const settings = allowing(permission, principal);
    for (const model of yes) assert.equal(allows(settings, model), true, JSON.stringify(model));
    for (const model of no) assert.equal(allows(settings, model), false, JSON.stringify(model));
  });
}

test('path templates, in a policy', () => {
  const template = anyPack(
    UriTemplateMatchConfigSchema,
    create(UriTemplateMatchConfigSchema, { pathTemplate: '/users/*/posts/**' }),
  );
  const rules = {
    policies: {
      p: {
        permissions: [
          { rule: { case: 'uriTemplate' as const, value: { name: 't', typedConfig: template } } },
        ],
        principals: [{ identifier: { case: 'any' as const, value: true } }],
      },
    },
  };
  const { value } = compileMessage(create(RBACSchema, { rules: rules as unknown as Rules }));
  assert.ok(value !== undefined);
  assert.equal(allows(value, { path: '/users/1/posts/2/3?q' }), true);
  assert.equal(allows(value, { path: '/users/1/2/posts/2' }), false);
});

test('metadata with a source, which is newer than the messages', () => {
  const matcher = toBinary(
    MetadataMatcherSchema,
    fromJson(MetadataMatcherSchema, {
      filter: 'm',
      path: [{ key: 'k' }],
      value: { stringMatch: { exact: 'v' } },
    }),
  );
  const sourced = (source: number): Uint8Array =>
    new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .bytes(matcher)
      .tag(2, 0)
      .uint32(source)
      .finish();
  for (const source of [0, 1]) {
    const bytes = new BinaryWriter()
      .tag(14, WireType.LengthDelimited)
      .bytes(sourced(source))
      .finish();
    const message = fromJson(RBACSchema, {
      rules: { policies: { p: { permissions: [any], principals: [any] } } },
    });
    message.rules?.policies['p']?.permissions.splice(0, 1, fromBinary(PermissionSchema, bytes));
    const { value, diagnostics } = compileMessage(message);
    assert.deepEqual(diagnostics, []);
    assert.ok(value !== undefined);
    assert.equal(allows(value, { metadata: { m: { k: 'v' } } }), source === 0);
    assert.equal(allows(value, { routeMetadata: { m: { k: 'v' } } }), source === 1);
  }
});

test('ALLOW, DENY and LOG: what a match means, and what is noted', () => {
  const policies = {
    b: { permissions: [{ urlPath: { path: { exact: '/x' } } }], principals: [any] },
    a: { permissions: [{ urlPath: { path: { prefix: '/x' } } }], principals: [any] },
  };
  const verdict = (action: string, path: string) => {
    const settings = compile({ rulesStatPrefix: 's_', rules: { action, policies } });
    const found = settings.rules?.judge(policyRequest({ path }));
    return [found?.allowed, found?.policy, found?.logHint, found?.details];
  };
  const details = (name: string): string => `rbac_access_denied_matched_policy[${name}]`;
  assert.deepEqual(verdict('ALLOW', '/x'), [true, 'a', undefined, details('a')]);
  assert.deepEqual(verdict('ALLOW', '/y'), [false, undefined, undefined, details('none')]);
  assert.deepEqual(verdict('DENY', '/x'), [false, 'a', undefined, details('a')]);
  assert.deepEqual(verdict('DENY', '/y'), [true, undefined, undefined, details('none')]);
  assert.deepEqual(verdict('LOG', '/x').slice(0, 3), [true, 'a', true]);
  assert.deepEqual(verdict('LOG', '/y').slice(0, 3), [true, undefined, false]);
});

test('no policy at all: ALLOW denies, DENY allows, no rules enforce nothing', () => {
  assert.equal(allows(compile({ rules: { policies: {} } }), {}), false);
  assert.equal(allows(compile({ rules: { action: 'DENY', policies: {} } }), {}), true);
  assert.equal(compile({}).rules, undefined);
});

test('shadow rules write what ext_authz looks for', () => {
  const name = 'istio-ext-authz-ns[default]-policy[custom]-rule[0]';
  const settings = compile({
    shadowRules: {
      action: 'DENY',
      policies: { [name]: { permissions: [any], principals: [any] } },
    },
    shadowRulesStatPrefix: 'istio_ext_authz_',
  });
  assert.equal(settings.rules, undefined);
  assert.deepEqual(settings.shadowRules?.judge(policyRequest({})).metadata, {
    istio_ext_authz_shadow_effective_policy_id: name,
    istio_ext_authz_shadow_engine_result: 'denied',
  });
});

test('explain names the first condition that failed in each policy, and what was there', () => {
  const settings = compile({
    rules: {
      policies: {
        'ns[a]-policy[get]-rule[0]': {
          permissions: [
            {
              andRules: {
                rules: [
                  { header: { name: ':method', stringMatch: { exact: 'GET' } } },
                  {
                    orRules: {
                      rules: [
                        { urlPath: { path: { exact: '/a' } } },
                        { urlPath: { path: { prefix: '/b' } } },
                      ],
                    },
                  },
                ],
              },
            },
          ],
          principals: [any],
        },
        'ns[a]-policy[page]-rule[0]': {
          permissions: [any],
          principals: [{ authenticated: { principalName: { exact: spiffe } } }],
        },
      },
    },
  });
  assert.deepEqual(settings.rules?.explain(policyRequest({ path: '/c?d' })), [
    {
      policy: 'ns[a]-policy[get]-rule[0]',
      matched: false,
      failed: { condition: 'path exact /a or path prefix /b', actual: '/c', part: 'operation' },
    },
    {
      policy: 'ns[a]-policy[page]-rule[0]',
      matched: false,
      failed: {
        condition: `principal exact ${spiffe}`,
        actual: 'none (plaintext)',
        part: 'source',
      },
    },
  ]);
});

test('forms that are not known refuse the message, with the path of the field', () => {
  const refused = (permission: JsonObject, principal: JsonObject): readonly string[] =>
    compileMessage(
      fromJson(RBACSchema, {
        rules: { policies: { p: { permissions: [permission], principals: [principal] } } },
      }),
    ).diagnostics.map(({ path, code }) => `${path} ${code}`);
  const at = 'rbac.rules.policies[p]';
  assert.deepEqual(refused({}, any), [`${at}.permissions[0] PolicyUnsupported`]);
  assert.deepEqual(refused(any, {}), [`${at}.principals[0] PolicyUnsupported`]);
  assert.deepEqual(refused({ matcher: { name: 'x' } }, any), [
    `${at}.permissions[0] PolicyUnsupported`,
  ]);
  assert.deepEqual(refused({ andRules: {} }, any), [
    `${at}.permissions[0].and_rules FieldRequired`,
  ]);
  assert.deepEqual(refused(any, { sourceIp: { addressPrefix: 'x' } }), [
    `${at}.principals[0].source_ip.address_prefix AddressInvalid`,
  ]);
  const none = compileMessage(fromJson(RBACSchema, { rules: { policies: { p: {} } } }));
  assert.equal(none.diagnostics.length, 2);
  const tree = compileMessage(fromJson(RBACSchema, { matcher: {} }));
  assert.equal(tree.diagnostics[0]?.path, 'rbac.matcher');
});
