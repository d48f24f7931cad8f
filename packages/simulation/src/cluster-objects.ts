import type { KubeObject } from '@lateen/api';
import type { Checked } from '@lateen/base';
import type { MeshConfig, MeshInputs, RemoteCluster } from '@lateen/translator';
import { meshInputs } from './mesh-objects.ts';
import type { Locate } from './rule-origin.ts';
import type { ClusterTrust, SimulatedCluster, SimulationInput } from './simulation-input.ts';

/** A cluster of a mesh by itself, as its API server or its manifests have it. */
export interface ClusterObjects {
  readonly clusterId: string;
  /** Complete: pods, services and endpoint slices included. */
  readonly objects: readonly KubeObject[];
  readonly meshConfig?: Partial<MeshConfig>;
  /** Ids of the clusters that its control plane reads (Secrets labelled `istio/multiCluster`). */
  readonly reads: readonly string[];
  /** Id of the cluster whose control plane configures the proxies here. Default: this one. */
  readonly configuredBy?: string;
  /** False: only services and workloads are known, not what proxies are told. Default true. */
  readonly hasRules?: boolean;
  /** Default: positions are not known. */
  readonly locate?: Locate;
  /** Default: not known, and so not looked at. */
  readonly trust?: ClusterTrust;
}

const registryOf = ({ clusterId, objects }: ClusterObjects): RemoteCluster => {
  const { services, endpointSlices, pods, namespaces, nodes } = meshInputs(objects);
  return { clusterId, services, endpointSlices, pods, namespaces, nodes };
};

/**
 * Clusters as their control planes see them: each with its own objects, and the services and workloads of
 * the clusters that it reads. Those whose rules are not known only contribute to others.
 */
const simulatedClusters = (clusters: readonly ClusterObjects[]): readonly SimulatedCluster[] => {
  const registries = new Map(clusters.map((one) => [one.clusterId, registryOf(one)]));
  const inputs = new Map<string, MeshInputs>();
  const inputsOf = ({ clusterId, objects, meshConfig, reads }: ClusterObjects): MeshInputs => {
    const known = inputs.get(clusterId);
    if (known !== undefined) return known;
    const remoteClusters = reads
      .filter((id) => id !== clusterId)
      .flatMap((id) => registries.get(id) ?? []);
    const made = { ...meshInputs(objects, meshConfig), clusterId, remoteClusters };
    inputs.set(clusterId, made);
    return made;
  };
  return clusters.flatMap((cluster): readonly SimulatedCluster[] => {
    const { clusterId, configuredBy = clusterId } = cluster;
    const primary = clusters.find((one) => one.clusterId === configuredBy);
    if (primary === undefined || primary.hasRules === false) return [];
    const { locate } = primary;
    const { trust } = cluster;
    return [
      {
        ...{ clusterId, inputs: inputsOf(primary) },
        ...(locate !== undefined && { locate }),
        ...(trust !== undefined && { trust }),
      },
    ];
  });
};

/** The part of a question that says where it is asked. */
export type AskedMesh = Pick<
  SimulationInput,
  'inputs' | 'clusterId' | 'locate' | 'trust' | 'clusters'
>;

/**
 * The mesh of clusters, asked about in the first of them. Error RulesUnknown: its control plane is in a
 * cluster whose rules are not known.
 */
export const askedMesh = (clusters: readonly ClusterObjects[]): Checked<AskedMesh> => {
  const [first] = clusters;
  const [own, ...others] = simulatedClusters(clusters);
  if (own !== undefined && own.clusterId === first?.clusterId) {
    return { value: { ...own, clusters: others }, diagnostics: [] };
  }
  const message = `the rules of ${first?.configuredBy ?? first?.clusterId}, whose control plane serves ${first?.clusterId}, cannot be read`;
  return { value: undefined, diagnostics: [{ severity: 'error', code: 'RulesUnknown', message }] };
};
