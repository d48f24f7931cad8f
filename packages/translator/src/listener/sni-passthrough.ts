import { create } from '@bufbuild/protobuf';
import { hostIsWithin } from '@lateen/api';
import {
  type FilterChain,
  FilterChainSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { sniOf } from '../naming/cluster-name.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { MergedServer } from '../push-context/merged-gateway.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { destinationRuleFor, sidecarScope } from '../push-context/sidecar-scope.ts';
import { policyFilters } from '../security/policy-filters.ts';
import { tcpFilters } from './tcp-proxy.ts';

/**
 * AUTO_PASSTHROUGH: mesh mTLS from elsewhere names service, port and subset in its SNI
 * (`outbound_.9080_.v1_.host`) and is handed to the cluster of that name unopened.
 */
export const sniPassthroughChains = (
  push: PushContext,
  proxy: ProxyDescriptor,
  merged: MergedServer,
): FilterChain[] => {
  const services = [...sidecarScope(push, proxy).services.values()].filter((service) =>
    merged.hosts.some(({ host }) => hostIsWithin(service.hostname, host)),
  );
  return services.flatMap((service) => {
    const rule = destinationRuleFor(push, proxy, service);
    const subsets = ['', ...(rule?.subsets.flatMap(({ name }) => name || []) ?? [])];
    return service.ports.flatMap(({ number }) =>
      subsets.map((subset) => {
        const cluster = sniOf(number, subset, service.hostname);
        return create(FilterChainSchema, {
          filterChainMatch: { serverNames: [cluster] },
          filters: tcpFilters({
            mesh: push.meshConfig,
            listenerClass: 'gateway',
            policies: policyFilters(push, proxy).tcp,
            statPrefix: cluster,
            targets: [{ cluster, weight: 1 }],
          }),
        });
      }),
    );
  });
};
