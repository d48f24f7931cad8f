import type { KubeObject } from '@lateen/api';
import type { Config } from '../input/config.ts';
import {
  type EndpointSlice,
  endpointSlice,
  type KubeService,
  kubeService,
  metadataOnly,
  type Pod,
  pod,
} from '../input/core.ts';
import type { RemoteCluster } from '../mesh/mesh-inputs.ts';
import { type ClusterRegistry, networkLabel } from '../registry/cluster-registry.ts';
import { type Workload, workloadOf } from '../registry/workload.ts';
import { type ConfigSet, readConfigSet } from './config-set.ts';
import { type Stage, stage } from './stage.ts';

interface RegistrySets {
  readonly services: ConfigSet<KubeService>;
  readonly endpointSlices: ConfigSet<EndpointSlice>;
  readonly pods: ConfigSet<Pod>;
  readonly nodes: ConfigSet<Record<never, never>>;
}

/** A cluster's registry, and what it was read from. */
export interface RegistryReading {
  readonly sets: RegistrySets;
  readonly workloads: Stage<ReadonlyMap<string, Workload>>;
  readonly registry: ClusterRegistry;
}

const readSets = (cluster: RemoteCluster, previous: RegistrySets | undefined): RegistrySets => ({
  services: readConfigSet(
    { kind: 'Service', reader: kubeService },
    cluster.services,
    previous?.services,
  ),
  endpointSlices: readConfigSet(
    { kind: 'EndpointSlice', reader: endpointSlice, root: 'whole' },
    cluster.endpointSlices,
    previous?.endpointSlices,
  ),
  pods: readConfigSet({ kind: 'Pod', reader: pod, root: 'whole' }, cluster.pods, previous?.pods),
  nodes: readConfigSet({ kind: 'Node', reader: metadataOnly }, cluster.nodes, previous?.nodes),
});

const buildWorkloads = (
  pods: readonly Config<Pod>[],
  nodes: readonly Config<unknown>[],
): ReadonlyMap<string, Workload> => {
  const labelsOf = new Map(nodes.map(({ name, labels }) => [name, labels]));
  return new Map(
    pods.map((config) => [`${config.namespace}/${config.name}`, workloadOf(config, labelsOf)]),
  );
};

/** The root namespace's label; without one everything counts as reachable. */
const networkOf = (namespaces: readonly KubeObject[], rootNamespace: string): string => {
  const root = namespaces.find(({ metadata }) => metadata?.name === rootNamespace);
  const network: unknown = root?.metadata?.labels?.[networkLabel];
  return typeof network === 'string' ? network : '';
};

/** Reads what one cluster holds; what did not change since `previous` is taken over from it. */
export const readRegistry = (
  cluster: RemoteCluster,
  rootNamespace: string,
  previous: RegistryReading | undefined,
): RegistryReading => {
  const sets = readSets(cluster, previous?.sets);
  const workloads = stage(previous?.workloads, [sets.pods.configs, sets.nodes.configs], () =>
    buildWorkloads(sets.pods.configs, sets.nodes.configs),
  );
  const registry: ClusterRegistry = {
    clusterId: cluster.clusterId,
    network: networkOf(cluster.namespaces, rootNamespace),
    services: sets.services.configs,
    slices: sets.endpointSlices.configs,
    workloads: workloads.value,
  };
  return { sets, workloads, registry };
};
