import type { KubeObject } from '@lateen/api';
import type { MeshInputs, PushContext } from '@lateen/translator';
import { textOf, textsOf } from './field-access.ts';

/** Node metadata CLUSTER_ID where nobody says another. */
export const defaultClusterId = 'Kubernetes';

/** Label of networks: of pods, of root namespaces, and of the Services that lead into one. */
export const networkLabel = 'topology.istio.io/network';

type Registry = Pick<MeshInputs, 'pods' | 'services' | 'namespaces' | 'nodes'>;

/** What a control plane has of a cluster: its own, or one that it reads; undefined: nothing. */
export const registryOf = (inputs: MeshInputs, clusterId: string): Registry | undefined =>
  (inputs.clusterId ?? defaultClusterId) === clusterId
    ? inputs
    : inputs.remoteClusters?.find((one) => one.clusterId === clusterId);

/** Pods of a cluster; undefined: the control plane does not read it. */
export const podsOfCluster = (
  inputs: MeshInputs,
  clusterId: string,
): readonly KubeObject[] | undefined => registryOf(inputs, clusterId)?.pods;

/** Pods of a cluster by `namespace/name`, as generators see them; those of the control plane's own for one nobody knows. */
export const workloadsOf = (push: PushContext, clusterId: string): PushContext['workloads'] =>
  push.registries.find((one) => one.clusterId === clusterId)?.workloads ?? push.workloads;

const byAddress = new WeakMap<readonly KubeObject[], ReadonlyMap<string, KubeObject>>();

/** The first pod with an address. */
export const podWithAddress = (
  pods: readonly KubeObject[],
  address: string,
): KubeObject | undefined => {
  const known = byAddress.get(pods);
  if (known !== undefined) return known.get(address);
  const index = new Map<string, KubeObject>();
  for (const pod of pods) {
    const own = textOf(pod, 'status', 'podIP');
    if (own !== undefined && !index.has(own)) index.set(own, pod);
  }
  byAddress.set(pods, index);
  return index.get(address);
};

/** Network of a cluster: that of its root namespace; '' is reachable from everywhere. */
export const networkOfCluster = (inputs: MeshInputs, clusterId: string): string => {
  const { rootNamespace } = inputs.meshConfig;
  const root = registryOf(inputs, clusterId)?.namespaces.find(
    ({ metadata }) => metadata?.name === rootNamespace,
  );
  return textsOf(root, 'metadata', 'labels')[networkLabel] ?? '';
};

/** Network of a pod: its own label, else its cluster's. */
export const networkOfPod = (inputs: MeshInputs, clusterId: string, pod: KubeObject): string =>
  textsOf(pod, 'metadata', 'labels')[networkLabel] ?? networkOfCluster(inputs, clusterId);
