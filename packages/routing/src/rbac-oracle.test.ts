import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { RBACSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import fc from 'fast-check';
import { Findings } from './findings.ts';
import type { PolicyRequest } from './policy-request.ts';
import { compileRbac } from './rbac-compilation.ts';
import { type PolicyRequestModel, policyRequest } from './testing/policy-request.ts';

fc.configureGlobal({ seed: 20_261_121 });

/** Generated policy sets; each is asked about 20 requests. */
const sets = 1_500;

/** A condition as a test writes it: permission and principal of the same form differ only in names. */
type Condition =
  | { readonly kind: 'all' | 'some'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'any' }
  | { readonly kind: 'path' | 'header' | 'claim'; readonly value: string }
  | { readonly kind: 'port'; readonly value: number }
  | { readonly kind: 'principal'; readonly value: string }
  | { readonly kind: 'source'; readonly bits: number };

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.constant<Condition>({ kind: 'any' }),
  fc.record({
    kind: fc.constantFrom('path', 'header', 'claim'),
    value: fc.constantFrom('/a', '/a/b', '/A', '1'),
  }) as fc.Arbitrary<Condition>,
  fc.record({
    kind: fc.constant('port'),
    value: fc.constantFrom(80, 81),
  }) as fc.Arbitrary<Condition>,
  fc.record({
    kind: fc.constant('principal'),
    value: fc.constantFrom('spiffe://a', 'spiffe://b'),
  }) as fc.Arbitrary<Condition>,
  fc.record({
    kind: fc.constant('source'),
    bits: fc.constantFrom(0, 8, 31, 32),
  }) as fc.Arbitrary<Condition>,
);

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'condition' },
    leaf,
    fc.record({
      kind: fc.constantFrom('all', 'some'),
      parts: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }),
    }) as fc.Arbitrary<Condition>,
    fc.record({ kind: fc.constant('not'), part: tie('condition') }) as fc.Arbitrary<Condition>,
  ),
}));

const claimJson = (value: string): JsonObject => ({
  metadata: { filter: 'jwt', path: [{ key: 'c' }], value: { stringMatch: { exact: value } } },
});

type Side = 'permission' | 'principal';

/** Principals cannot ask for ports, nor permissions for principals: there they are `any`. */
const leafJson = (one: Condition, side: Side): JsonObject => {
  if (one.kind === 'path') return { urlPath: { path: { exact: one.value } } };
  if (one.kind === 'header') return { header: { name: 'h', stringMatch: { exact: one.value } } };
  if (one.kind === 'claim') return claimJson(one.value);
  if (one.kind === 'port' && side === 'permission') return { destinationPort: one.value };
  if (one.kind === 'principal' && side === 'principal') {
    return { authenticated: { principalName: { exact: one.value } } };
  }
  if (one.kind === 'source' && side === 'principal') {
    return { sourceIp: { addressPrefix: '10.0.0.1', prefixLen: one.bits } };
  }
  return { any: true };
};

const jsonOf = (one: Condition, side: Side): JsonObject => {
  const list = side === 'permission' ? 'rules' : 'ids';
  const suffix = side === 'permission' ? 'Rules' : 'Ids';
  if (one.kind === 'not') {
    return { [side === 'permission' ? 'notRule' : 'notId']: jsonOf(one.part, side) };
  }
  if (one.kind !== 'all' && one.kind !== 'some') return leafJson(one, side);
  const parts: JsonValue = { [list]: one.parts.map((part) => jsonOf(part, side)) };
  return { [(one.kind === 'all' ? 'and' : 'or') + suffix]: parts };
};

const naiveHttp = (
  one: Condition & { readonly kind: 'path' | 'header' | 'claim' },
  { tcp = false, path = '/', headers = {}, metadata = {} }: PolicyRequestModel,
): boolean => {
  if (one.kind === 'path') return !tcp && path.replace(/[?#].*$/, '') === one.value;
  if (one.kind === 'header') return !tcp && headers['h'] === one.value;
  return (metadata['jwt'] as JsonObject | undefined)?.['c'] === one.value;
};

const sourcePattern: Readonly<Record<number, RegExp>> = {
  0: /^/,
  8: /^10\./,
  31: /^10\.0\.0\.[01]$/,
  32: /^10\.0\.0\.1$/,
};

const naiveLeaf = (one: Condition, side: Side, model: PolicyRequestModel): boolean => {
  if (one.kind === 'path' || one.kind === 'header' || one.kind === 'claim') {
    return naiveHttp(one, model);
  }
  if (one.kind === 'port' && side === 'permission') return model.port === one.value;
  if (one.kind === 'principal' && side === 'principal') return model.principal === one.value;
  if (one.kind === 'source' && side === 'principal') {
    return sourcePattern[one.bits]?.test(model.source ?? '10.0.0.1') ?? false;
  }
  return true;
};

const naive = (one: Condition, side: Side, model: PolicyRequestModel): boolean => {
  if (one.kind === 'all') return one.parts.every((part) => naive(part, side, model));
  if (one.kind === 'some') return one.parts.some((part) => naive(part, side, model));
  if (one.kind === 'not') return !naive(one.part, side, model);
  return naiveLeaf(one, side, model);
};

interface PolicyModel {
  readonly permissions: readonly Condition[];
  readonly principals: readonly Condition[];
}

const conditions = fc.array(condition, { minLength: 1, maxLength: 2 });
const policies = fc.dictionary(
  fc.constantFrom('ns[a]-policy[x]-rule[0]', 'ns[a]-policy[x]-rule[10]', 'ns[a]-policy[x]-rule[2]'),
  fc.record({ permissions: conditions, principals: conditions }),
);

const requests: fc.Arbitrary<PolicyRequestModel> = fc.record(
  {
    path: fc.constantFrom('/a', '/a?x', '/a/b', '/A', '/'),
    port: fc.constantFrom(80, 81),
    source: fc.constantFrom('10.0.0.1', '10.0.0.0', '10.9.9.9', '192.168.0.1'),
    principal: fc.constantFrom('spiffe://a', 'spiffe://b', null),
    headers: fc.constantFrom({}, { h: '1' }, { h: '/a' }),
    metadata: fc.constantFrom({}, { jwt: { c: '1' } }, { jwt: { c: ['1'] } }),
    tcp: fc.boolean(),
  },
  { requiredKeys: [] },
);

test('properties: policies match as a naive reading of them says', () => {
  let allowed = 0;
  let denied = 0;
  const property = fc.property(
    policies,
    fc.constantFrom('ALLOW', 'DENY'),
    fc.array(requests, { minLength: 20, maxLength: 20 }),
    (models: Readonly<Record<string, PolicyModel>>, action, asked) => {
      const json = Object.fromEntries(
        Object.entries(models).map(([name, model]) => [
          name,
          {
            permissions: model.permissions.map((one) => jsonOf(one, 'permission')),
            principals: model.principals.map((one) => jsonOf(one, 'principal')),
          },
        ]),
      );
      const findings = new Findings();
      const message = fromJson(RBACSchema, { rules: { action, policies: json } });
      const { rules } = compileRbac(message, findings, '');
      assert.deepEqual(findings.checked(true).diagnostics, []);
      for (const request of asked) {
        const view: PolicyRequest = policyRequest(request);
        const wanted = Object.keys(models)
          .sort()
          .find((name) => {
            const model = models[name];
            return (
              model?.permissions.some((one) => naive(one, 'permission', request)) &&
              model.principals.some((one) => naive(one, 'principal', request))
            );
          });
        const verdict = rules?.judge(view);
        assert.equal(verdict?.policy, wanted);
        assert.equal(verdict?.allowed, (action === 'ALLOW') === (wanted !== undefined));
        if (verdict?.allowed) allowed++;
        else denied++;
        for (const { policy, matched, failed } of rules?.explain(view) ?? []) {
          assert.equal(matched, failed === undefined);
          if (policy === wanted) assert.ok(matched);
        }
      }
    },
  );
  fc.assert(property, { numRuns: sets });
  assert.ok(allowed > sets && denied > sets, `${allowed} allowed, ${denied} denied`);
});
