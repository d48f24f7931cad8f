import type { Filter } from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { HttpFilter } from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { pushMemo } from '../push-context/push-memo.ts';
import { jwtAuthentication } from './authentication/jwt-filter.ts';
import { httpAuthorization, tcpAuthorization } from './authorization/authorization-filters.ts';
import { policySubject } from './policy-selection.ts';

/** What stands in front of a workload before anything else looks at a request or connection. */
export interface PolicyFilters {
  readonly http: readonly HttpFilter[];
  readonly tcp: readonly Filter[];
}

const known = pushMemo<PolicyFilters>();

/**
 * Filters of all policies for a proxy's workload, in Istio's order: CUSTOM, authentication by JWT,
 * AUDIT, DENY, ALLOW. Proxies of the same workload share them.
 */
export const policyFilters = (push: PushContext, proxy: ProxyDescriptor): PolicyFilters => {
  const subject = policySubject(push, proxy);
  const isGateway = proxy.type === 'router';
  const key = JSON.stringify([
    subject.namespace,
    [...subject.labels].sort(),
    [...subject.gateways],
    isGateway,
  ]);
  return known(push, key, () => {
    const http = httpAuthorization(push, subject);
    const tcp = tcpAuthorization(push, subject);
    const jwt = jwtAuthentication(push, subject, isGateway);
    return {
      http: [...http.custom, ...(jwt ? [jwt] : []), ...http.own],
      tcp: [...tcp.custom, ...tcp.own],
    };
  });
};
