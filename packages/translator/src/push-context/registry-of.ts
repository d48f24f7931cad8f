import type { ClusterRegistry } from '../registry/cluster-registry.ts';
import type { PushContext } from './push-context.ts';

/**
 * The registry of a proxy's own cluster (node metadata CLUSTER_ID): what it serves, and which pod it is,
 * is looked up there. One of a cluster nobody knows counts as the control plane's own.
 */
export const registryOf = (
  { registries }: Pick<PushContext, 'registries'>,
  clusterId: string,
): ClusterRegistry | undefined =>
  registries.find((registry) => registry.clusterId === clusterId) ?? registries[0];
