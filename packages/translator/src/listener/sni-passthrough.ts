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
import type { MeshService } from '../registry/mesh-service.ts';
import { policyFilters } from '../security/policy-filters.ts';
import { listenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { tcpFilters } from './tcp-proxy.ts';

/** `reviews.default.global`: what replicated control planes called a service of another cluster. */
const globalName = ({ name, namespace, registry }: MeshService): readonly string[] =>
  registry === 'Kubernetes' ? [`${name}.${namespace}.global`] : [];

/**
 * AUTO_PASSTHROUGH: mesh mTLS from elsewhere names service, port and subset in its SNI
 * (`outbound_.9080_.v1_.host`) and is handed to the cluster of that name unopened. A `*.global` name
 * means the service of this cluster, whose own rules say what the subset is.
 */
export const sniPassthroughChains = (
  push: PushContext,
  proxy: ProxyDescriptor,
  merged: MergedServer,
): FilterChain[] => {
  const isServed = (name: string): boolean =>
    merged.hosts.some(({ host }) => hostIsWithin(name, host));
  const telemetry = listenerTelemetry(push, proxy, 'gateway');
  const policies = policyFilters(push, proxy).tcp;
  return [...sidecarScope(push, proxy).services.values()].flatMap((service) => {
    const names = [service.hostname, ...globalName(service)].filter(isServed);
    if (names.length === 0) return [];
    const rule = destinationRuleFor(push, proxy, service);
    const subsets = ['', ...(rule?.subsets.flatMap(({ name }) => name || []) ?? [])];
    return service.ports.flatMap(({ number }) =>
      subsets.map((subset) => {
        const cluster = sniOf(number, subset, service.hostname);
        return create(FilterChainSchema, {
          filterChainMatch: { serverNames: names.map((name) => sniOf(number, subset, name)) },
          filters: tcpFilters({
            telemetry,
            policies,
            passesTls: true,
            statPrefix: cluster,
            targets: [{ cluster, weight: 1 }],
          }),
        });
      }),
    );
  });
};
