import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type Filter,
  FilterSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { type RBAC, RBAC_Action } from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import { ExtAuthzSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import { RBACSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import { ExtAuthzSchema as NetworkExtAuthzSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { RBACSchema as NetworkRbacSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js';
import type { AuthorizationAction, AuthorizationPolicy } from '../../input/authorization-policy.ts';
import type { Config } from '../../input/config.ts';
import type { PushContext } from '../../push-context/push-context.ts';
import { type PolicySubject, policiesFor } from '../policy-selection.ts';
import { trustDomainsOf } from '../trust-domains.ts';
import {
  customPolicyPrefix,
  customShadowPrefix,
  externalAuthorizer,
} from './external-authorizer.ts';
import { isDryRun, policyRules } from './policy-rules.ts';

type Policies = readonly Config<AuthorizationPolicy>[];

/** Kinds of chains. */
type Level = 'http' | 'tcp';

/** Statistics of network filters. */
const networkStatPrefix = 'tcp.';

/** A filter before it is wrapped for its level. */
interface Rules {
  readonly rules?: RBAC;
  readonly shadowRules?: RBAC;
  readonly shadowRulesStatPrefix?: string;
}

/** How filters of one level are written. */
interface LevelFilters<Result> {
  readonly level: Level;
  readonly rbac: (rules: Rules) => Result;
  /** Undefined: the authorizer cannot be asked at this level. */
  readonly authorizer: (
    filters: NonNullable<ReturnType<typeof externalAuthorizer>>,
  ) => Result | undefined;
}

const httpFilter = <Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
): HttpFilter =>
  create(HttpFilterSchema, {
    name,
    configType: { case: 'typedConfig', value: packAny(schema, message) },
  });

const networkFilter = <Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
): Filter =>
  create(FilterSchema, {
    name,
    configType: { case: 'typedConfig', value: packAny(schema, message) },
  });

const http: LevelFilters<HttpFilter> = {
  level: 'http',
  rbac: (rules) => httpFilter('envoy.filters.http.rbac', RBACSchema, create(RBACSchema, rules)),
  authorizer: (filters) => httpFilter('envoy.filters.http.ext_authz', ExtAuthzSchema, filters.http),
};

const tcp: LevelFilters<Filter> = {
  level: 'tcp',
  rbac: (rules) =>
    networkFilter(
      'envoy.filters.network.rbac',
      NetworkRbacSchema,
      create(NetworkRbacSchema, { statPrefix: networkStatPrefix, ...rules }),
    ),
  authorizer: ({ network }) =>
    network && networkFilter('envoy.filters.network.ext_authz', NetworkExtAuthzSchema, network),
};

/** Istio's statistics of policies that are only tried. */
const dryRunPrefixes: Readonly<Record<RBAC_Action, string>> = {
  [RBAC_Action.ALLOW]: 'istio_dry_run_allow_',
  [RBAC_Action.DENY]: 'istio_dry_run_deny_',
  [RBAC_Action.LOG]: '',
};

/** What is the same for all filters of a workload. */
interface Scope {
  readonly push: PushContext;
  readonly trustDomains: readonly string[];
}

const contextOf = ({ trustDomains }: Scope, level: Level, action: RBAC_Action) => ({
  tcp: level === 'tcp',
  trustDomains,
  lenient: action !== RBAC_Action.ALLOW,
});

/** One filter for all policies of an action; those that are only tried go into its shadow rules. */
const actionFilters = <Result>(
  scope: Scope,
  { level, rbac }: LevelFilters<Result>,
  policies: Policies,
  action: RBAC_Action,
): readonly Result[] => {
  if (policies.length === 0) return [];
  const context = contextOf(scope, level, action);
  const rulesOf = (some: Policies): RBAC | undefined =>
    some.length === 0 ? undefined : policyRules(some, { action, context });
  const rules = rulesOf(policies.filter((policy) => !isDryRun(policy)));
  const shadowRules = rulesOf(policies.filter(isDryRun));
  return [
    rbac({
      ...(rules && { rules }),
      ...(shadowRules && { shadowRules, shadowRulesStatPrefix: dryRunPrefixes[action] }),
    }),
  ];
};

const badCustomSuffix = '-deny-due-to-bad-CUSTOM-action';

/** Whom nobody can ask about is not let in: what the policies match is denied. */
const denyInstead = ({ policies, ...rest }: RBAC): RBAC => ({
  ...rest,
  policies: Object.fromEntries(
    Object.entries(policies).map(([name, policy]) => [`${name}${badCustomSuffix}`, policy]),
  ),
});

/**
 * CUSTOM: rules in the shadow find out whether a policy matches, and then the authorizer is asked. One
 * workload has one authorizer. Those that are only tried ask nobody.
 */
const customFilters = <Result>(
  scope: Scope,
  { level, rbac, authorizer }: LevelFilters<Result>,
  policies: Policies,
): readonly Result[] => {
  const enforced = policies.filter((policy) => !isDryRun(policy));
  if (enforced.length === 0) return [];
  const action = RBAC_Action.DENY;
  const context = contextOf(scope, level, action);
  const rules = policyRules(enforced, { action, context, namePrefix: `${customPolicyPrefix}-` });
  const [name, ...others] = new Set(enforced.map(({ spec }) => spec.provider?.name));
  const filters = others.length > 0 ? undefined : externalAuthorizer(scope.push, name);
  if (filters === undefined) return [rbac({ rules: denyInstead(rules) })];
  const asking = authorizer(filters);
  if (asking === undefined) return [];
  return [rbac({ shadowRules: rules, shadowRulesStatPrefix: customShadowPrefix }), asking];
};

/** Filters of one level in Istio's order, those of CUSTOM apart: they go before authentication. */
export interface AuthorizationFilters<Result> {
  readonly custom: readonly Result[];
  /** AUDIT, DENY, ALLOW. */
  readonly own: readonly Result[];
}

const levelFilters = <Result>(
  push: PushContext,
  subject: PolicySubject,
  level: LevelFilters<Result>,
): AuthorizationFilters<Result> => {
  const { rootNamespace } = push.meshConfig;
  const policies = policiesFor(push.authorizationPolicies, subject, [
    rootNamespace,
    subject.namespace,
  ]);
  const of = (action: AuthorizationAction): Policies =>
    policies.filter(({ spec }) => (spec.action ?? 'ALLOW') === action);
  const scope: Scope = { push, trustDomains: trustDomainsOf(push.meshConfig) };
  return {
    custom: customFilters(scope, level, of('CUSTOM')),
    own: [
      ...actionFilters(scope, level, of('AUDIT'), RBAC_Action.LOG),
      ...actionFilters(scope, level, of('DENY'), RBAC_Action.DENY),
      ...actionFilters(scope, level, of('ALLOW'), RBAC_Action.ALLOW),
    ],
  };
};

/** For HTTP connection managers. */
export const httpAuthorization = (
  push: PushContext,
  subject: PolicySubject,
): AuthorizationFilters<HttpFilter> => levelFilters(push, subject, http);

/** For chains without HTTP. */
export const tcpAuthorization = (
  push: PushContext,
  subject: PolicySubject,
): AuthorizationFilters<Filter> => levelFilters(push, subject, tcp);
