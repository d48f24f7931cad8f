import type { InterceptionMode, MeshInputs, PushContext } from '@lateen/translator';
import type { Caller } from './caller.ts';
import type { SimulatedClient } from './client.ts';
import type { RunningConfiguration } from './compiled-proxy.ts';
import type { SimulatedRequest } from './request.ts';
import type { Locate } from './rule-origin.ts';

/** Whose certificates count in a cluster: roots as text (PEM), one each. */
export interface ClusterTrust {
  /** Below which certificates of its workloads are. */
  readonly own: readonly string[];
  /** Below which its workloads accept others': its own and those of other meshes. */
  readonly trusted: readonly string[];
}

/** Another cluster of the mesh, as the control plane sees it that configures its proxies. */
export interface SimulatedCluster {
  readonly inputs: MeshInputs;
  /** Default: that of `inputs`. Another one: the cluster has no control plane of its own (primary-remote). */
  readonly clusterId?: string;
  /** Default: positions are not known. */
  readonly locate?: Locate;
  /** Default: not known, and so not looked at. */
  readonly trust?: ClusterTrust;
}

/** A question about a mesh. */
export interface SimulationInput {
  /** As the control plane of the caller's proxy sees the mesh. */
  readonly inputs: MeshInputs;
  /** The caller's cluster. Default: that of `inputs`. */
  readonly clusterId?: string;
  /** Of the caller's cluster. Default: not known, and so not looked at. */
  readonly trust?: ClusterTrust;
  /** Other clusters, into which a request is followed. Default none. */
  readonly clusters?: readonly SimulatedCluster[];
  /** Built from `inputs` when absent. */
  readonly push?: PushContext;
  readonly caller: Caller;
  /** What the caller's proxy runs. Default: what its control plane would send it. */
  readonly running?: RunningConfiguration;
  readonly request: SimulatedRequest;
  /** Who sends it. Default: the caller, in plaintext where that is not known. */
  readonly client?: SimulatedClient;
  /** Proxies have certificates of the mesh, so mTLS needs no asking. Default true. */
  readonly certificates?: boolean;
  /** Of sidecars whose pods do not say. Default REDIRECT. */
  readonly interceptionMode?: InterceptionMode;
  /** Pods without a proxy have none. Default false: everyone has one. */
  readonly live?: boolean;
  /** Default: positions are not known. */
  readonly locate?: Locate;
}
