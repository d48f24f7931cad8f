import { fromBinary } from '@bufbuild/protobuf';
import { RBAC_Action } from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import { RBACSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import { RBACSchema as NetworkRbacSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js';
import type { ProxyDescriptor, PushContext } from '../index.ts';
import { policyFilters } from '../security/policy-filters.ts';
import { rulesText } from './rbac-text.ts';
import { sidecarOf } from './test-mesh.ts';

/** The sidecar of reviews v1, which policies of these tests are for. */
export const reviewsSidecar: ProxyDescriptor = sidecarOf('reviews-v1-abc-1', '127.9.0.3');

/** An authorization filter as tests compare it; absent parts are left out. */
export interface RbacView {
  readonly action: string;
  readonly rules?: Readonly<Record<string, string>>;
  readonly shadow?: Readonly<Record<string, string>>;
  readonly prefix?: string;
}

interface NamedFilter {
  readonly name: string;
  readonly configType: { readonly case?: string | undefined; readonly value?: unknown };
}

/** The packed message of a filter. */
export const configOf = ({ configType }: NamedFilter): Uint8Array =>
  (configType.value as { readonly value: Uint8Array }).value;

const view = (filter: NamedFilter): RbacView | string => {
  if (!filter.name.endsWith('.rbac')) return filter.name;
  const { rules, shadowRules, shadowRulesStatPrefix } = filter.name.includes('.network.')
    ? fromBinary(NetworkRbacSchema, configOf(filter))
    : fromBinary(RBACSchema, configOf(filter));
  const action = RBAC_Action[(rules ?? shadowRules)?.action ?? RBAC_Action.ALLOW];
  const enforced = rulesText(rules);
  const shadow = rulesText(shadowRules);
  return {
    action,
    ...(enforced && { rules: enforced }),
    ...(shadow && { shadow }),
    ...(shadowRulesStatPrefix !== '' && { prefix: shadowRulesStatPrefix }),
  };
};

/** Filters of a proxy's policies, in order: authorization spelled out, others by name. */
export const filtersView = (
  push: PushContext,
  level: 'http' | 'tcp' = 'http',
  proxy: ProxyDescriptor = reviewsSidecar,
): readonly (RbacView | string)[] => policyFilters(push, proxy)[level].map(view);
