import type { KubeObject } from '@lateen/api';
import type { MeshConfig } from './mesh-config.ts';

/** What another cluster of the mesh contributes: its services and the workloads behind them. */
export interface RemoteCluster {
  /** Node metadata CLUSTER_ID of its proxies. */
  readonly clusterId: string;
  readonly services: readonly KubeObject[];
  readonly endpointSlices: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  /** The root namespace says on which network the cluster is. */
  readonly namespaces: readonly KubeObject[];
  readonly nodes: readonly KubeObject[];
}

/**
 * Everything a push is computed from. Objects are taken as the API serves them and read with
 * suspicion: a bad one is skipped and diagnosed. An array that is the same reference as in the
 * previous push counts as unchanged, and so does an object.
 */
export interface MeshInputs {
  readonly meshConfig: MeshConfig;
  readonly services: readonly KubeObject[];
  readonly endpointSlices: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly namespaces: readonly KubeObject[];
  readonly nodes: readonly KubeObject[];
  readonly virtualServices: readonly KubeObject[];
  readonly destinationRules: readonly KubeObject[];
  readonly gateways: readonly KubeObject[];
  readonly serviceEntries: readonly KubeObject[];
  readonly sidecars: readonly KubeObject[];
  readonly workloadEntries: readonly KubeObject[];
  readonly peerAuthentications: readonly KubeObject[];
  readonly requestAuthentications: readonly KubeObject[];
  readonly authorizationPolicies: readonly KubeObject[];
  readonly telemetries: readonly KubeObject[];
  /**
   * JSON Web Key Sets as fetched, by the URL of `keySetLocations`; a set that is not here (yet)
   * makes every token of its issuer invalid. A change must be a new map.
   */
  readonly keySets: ReadonlyMap<string, string>;
  /** The cluster these objects are of. Default `Kubernetes`. */
  readonly clusterId?: string;
  /** Other clusters of the mesh, by age of their secrets. Default none. */
  readonly remoteClusters?: readonly RemoteCluster[];
}
