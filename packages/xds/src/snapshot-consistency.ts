import type { Diagnostic } from '@lateen/base';
import { type Cluster, Cluster_DiscoveryType } from '../gen/envoy/config/cluster/v3/cluster_pb.js';
import type { FilterChain } from '../gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '../gen/envoy/config/listener/v3/listener_pb.js';
import type { RouteConfiguration } from '../gen/envoy/config/route/v3/route_pb.js';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { unpackAny } from './any.ts';
import type { Resource } from './resource.ts';
import { resourcesOfType, type Snapshot } from './snapshot.ts';
import { typeUrls } from './type-url.ts';

/** The name a cluster asks EDS for, or undefined when its endpoints come from elsewhere. */
export const endpointNameOf = (cluster: Cluster): string | undefined => {
  const { clusterDiscoveryType: discovery } = cluster;
  if (discovery.case !== 'type' || discovery.value !== Cluster_DiscoveryType.EDS) return undefined;
  const serviceName = cluster.edsClusterConfig?.serviceName ?? '';
  return serviceName === '' ? cluster.name : serviceName;
};

/** The route configurations a listener asks RDS for, in the order of its filter chains, each once. */
export const routeNamesOf = (listener: Listener): readonly string[] => {
  const chains = [...listener.filterChains];
  if (listener.defaultFilterChain !== undefined) chains.push(listener.defaultFilterChain);
  const names = chains
    .flatMap(connectionManagersOf)
    .map(({ routeSpecifier: routes }) =>
      routes.case === 'rds' ? routes.value.routeConfigName : undefined,
    );
  return [...new Set(names.filter((name) => name !== undefined))];
};

const connectionManagersOf = (chain: FilterChain): readonly HttpConnectionManager[] =>
  chain.filters
    .map(({ configType }) =>
      configType.case === 'typedConfig'
        ? unpackAny(configType.value, HttpConnectionManagerSchema)
        : undefined,
    )
    .filter((manager) => manager !== undefined);

/** The clusters routes send to directly or by weight (`cluster_header` is known at run time only). */
export const clusterNamesOf = (routes: RouteConfiguration): readonly string[] => {
  const names = new Set<string>();
  for (const { action } of routes.virtualHosts.flatMap((host) => host.routes)) {
    if (action.case !== 'route') continue;
    const { clusterSpecifier: specifier } = action.value;
    if (specifier.case === 'cluster') names.add(specifier.value);
    if (specifier.case === 'weightedClusters')
      for (const { name } of specifier.value.clusters) names.add(name);
  }
  return [...names];
};

/**
 * Whether each reference resolves: an EDS cluster to its assignment, a listener's RDS name to a route
 * configuration (errors: the proxy would wait for it), a route to a cluster (a warning: the proxy
 * answers 503 until it comes, which is what Istio does for a subset that does not exist).
 */
export const checkConsistency = (snapshot: Snapshot): readonly Diagnostic[] => [
  ...missingReferences(snapshot, typeUrls.cluster, {
    to: typeUrls.endpoint,
    severity: 'error',
    names: (message) => [endpointNameOf(message as Cluster)].filter((name) => name !== undefined),
  }),
  ...missingReferences(snapshot, typeUrls.listener, {
    to: typeUrls.route,
    severity: 'error',
    names: (message) => routeNamesOf(message as Listener),
  }),
  ...missingReferences(snapshot, typeUrls.route, {
    to: typeUrls.cluster,
    severity: 'warning',
    names: (message) => clusterNamesOf(message as RouteConfiguration),
  }),
];

interface Reference {
  readonly to: string;
  readonly severity: Diagnostic['severity'];
  readonly names: (message: Resource['message']) => readonly string[];
}

const missingReferences = (
  snapshot: Snapshot,
  from: string,
  { to, severity, names }: Reference,
): readonly Diagnostic[] => {
  const targets = resourcesOfType(snapshot, to);
  return [...resourcesOfType(snapshot, from).values()].flatMap(({ name, message }) =>
    names(message)
      .filter((target) => !targets.has(target))
      .map((target) => ({
        severity,
        code: 'XdsReferenceMissing',
        object: name,
        message: `${from.slice(from.lastIndexOf('.') + 1)} refers to ${target}, which is not in the snapshot`,
      })),
  );
};
