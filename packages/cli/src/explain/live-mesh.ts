import { createKubeClient } from '@lateen/kube';
import { readMeshClusters } from '@lateen/telemetry/clusters';
import { type ClusterFlags, clusterConnection } from '../cluster-connection.ts';
import { readMembers } from '../mesh/mesh-members.ts';
import type { ExplainedMesh } from './offline-mesh.ts';

/** Which clusters are asked. */
export interface LiveFlags extends ClusterFlags {
  /** Contexts of further clusters of the mesh. */
  readonly remoteContext: readonly string[];
}

/** Contexts of the mesh that runs on the state folder. */
const memberContexts = ({ stateDir, kubeconfig }: LiveFlags): readonly string[] =>
  kubeconfig === undefined ? readMembers(stateDir).map(({ name }) => name) : [];

/**
 * A running mesh: the cluster of the question, those that its Secrets name, and those named here. Rejects with
 * KubeError or RuntimeError.
 */
export const liveMesh = async (
  flags: LiveFlags,
  env: NodeJS.ProcessEnv,
): Promise<ExplainedMesh> => {
  const own = clusterConnection(flags, env);
  const contexts = new Set([...memberContexts(flags), ...flags.remoteContext]);
  contexts.delete(own.context);
  const others = [...contexts].map((context) => ({
    name: context,
    client: createKubeClient(clusterConnection({ ...flags, context }, env)),
  }));
  const isMember = memberContexts(flags).includes(own.context);
  return readMeshClusters({
    own: { client: createKubeClient(own), ...(isMember && { name: own.context }) },
    others,
  });
};
