import { create } from '@bufbuild/protobuf';
import {
  type Permission,
  type Policy,
  PolicySchema,
  type Principal,
} from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import type { Operation, Rule, Source } from '../../input/authorization-policy.ts';
import { permissions, principals } from './algebra.ts';
import { conditionAttribute } from './condition-attribute.ts';
import { hostTests, methodTests, pathTests, portTests } from './operation-tests.ts';
import { allOf, type Requirement, type RuleContext } from './requirement.ts';
import {
  namespaceTests,
  principalTests,
  remoteAddressTests,
  requestPrincipalTests,
  serviceAccountTests,
  sourceAddressTests,
  trustDomainTests,
} from './source-tests.ts';

const sourceRequirements = (source: Source): Requirement<Principal>[] => [
  { build: principalTests, values: source.principals, notValues: source.notPrincipals },
  {
    build: requestPrincipalTests,
    values: source.requestPrincipals,
    notValues: source.notRequestPrincipals,
  },
  { build: namespaceTests, values: source.namespaces, notValues: source.notNamespaces },
  {
    build: serviceAccountTests,
    values: source.serviceAccounts,
    notValues: source.notServiceAccounts,
  },
  { build: trustDomainTests, values: source.trustDomains, notValues: source.notTrustDomains },
  { build: remoteAddressTests, values: source.remoteIpBlocks, notValues: source.notRemoteIpBlocks },
  { build: sourceAddressTests, values: source.ipBlocks, notValues: source.notIpBlocks },
];

const operationRequirements = (operation: Operation): Requirement<Permission>[] => [
  { build: hostTests, values: operation.hosts, notValues: operation.notHosts },
  { build: methodTests, values: operation.methods, notValues: operation.notMethods },
  { build: pathTests, values: operation.paths, notValues: operation.notPaths },
  { build: portTests, values: operation.ports, notValues: operation.notPorts },
];

interface Conditions {
  readonly source: Requirement<Principal>[];
  readonly operation: Requirement<Permission>[];
}

/** Undefined: an attribute is not known, and the rule is left out (see `allOf`). */
const conditionsOf = (when: Rule['when'], { lenient }: RuleContext): Conditions | undefined => {
  const conditions: Conditions = { source: [], operation: [] };
  for (const { key = '', values, notValues } of when) {
    const attribute = conditionAttribute(key);
    if (attribute === undefined) {
      if (lenient) continue;
      return undefined;
    }
    if (attribute.kind === 'source') {
      conditions.source.push({ build: attribute.build, values, notValues });
    } else {
      conditions.operation.push({ build: attribute.build, values, notValues });
    }
  }
  return conditions;
};

/**
 * One rule as Envoy's policy: some of the operations by some of the sources, under all conditions.
 * Undefined where the rule is left out (see `allOf`).
 */
export const rulePolicy = (rule: Rule, context: RuleContext): Policy | undefined => {
  const conditions = conditionsOf(rule.when, context);
  if (conditions === undefined) return undefined;
  const sources = rule.from.length > 0 ? rule.from : [{ source: undefined }];
  const operations = rule.to.length > 0 ? rule.to : [{ operation: undefined }];
  const who = sources.map(({ source }) =>
    allOf(
      principals,
      [...(source ? sourceRequirements(source) : []), ...conditions.source],
      context,
    ),
  );
  const what = operations.map(({ operation }) =>
    allOf(
      permissions,
      [...(operation ? operationRequirements(operation) : []), ...conditions.operation],
      context,
    ),
  );
  const isComplete = <Test>(tests: readonly (Test | undefined)[]): tests is readonly Test[] =>
    !tests.includes(undefined);
  if (!isComplete(who) || !isComplete(what)) return undefined;
  return create(PolicySchema, { permissions: [...what], principals: [...who] });
};

/** Matches nothing: what a policy without rules comes to. */
export const neverPolicy = (): Policy =>
  create(PolicySchema, {
    permissions: [permissions.not(permissions.any())],
    principals: [principals.not(principals.any())],
  });
