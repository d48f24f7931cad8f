import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createKubeClient, loadKubeConfig } from '@lateen/kube';
import {
  eyesSocketPath,
  type MeshMembership,
  prepareEyesSocket,
  stateFolderAt,
} from '@lateen/runtime';
import type { ClusterSource, MeshPlace, PeerAddress } from '@lateen/telemetry/clusters';
import { parse } from 'yaml';
import { readMembers } from '../mesh/mesh-members.ts';

/** Tells the dashboard's process of a member where the kubeconfig of the whole mesh is. */
export const meshWords = (membership: MeshMembership | undefined): readonly string[] =>
  membership === undefined
    ? []
    : ['--mesh-kubeconfig', stateFolderAt(dirname(membership.rootFolder)).kubeconfig];

interface Kubeconfig {
  readonly contexts?: readonly { readonly name: string }[];
}

/** Contexts besides `own`; none while not every member has started: then the file is not there yet. */
const otherSources = (kubeconfig: string, own: string): readonly ClusterSource[] => {
  try {
    const { contexts = [] } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
    const names = contexts.map(({ name }) => name).filter((name) => name !== own);
    return names.map((name) => ({
      name,
      client: createKubeClient(loadKubeConfig(kubeconfig, name)),
    }));
  } catch {
    return [];
  }
};

/** Eyes of the members besides `own`, as many as the mesh has now. */
const otherEyes = (stateDir: string, own: string): readonly PeerAddress[] =>
  readMembers(stateDir)
    .filter(({ name }) => name !== own)
    .map((member) => ({ cluster: member.name, socket: eyesSocketPath(member.stateDir) }));

/** The cluster `own` among those of a mesh's kubeconfig. Rejects with RuntimeError. */
export const meshPlace = async (kubeconfig: string, own: string): Promise<MeshPlace> => {
  const stateDir = dirname(kubeconfig);
  const member = readMembers(stateDir).find(({ name }) => name === own);
  const socket = member && (await prepareEyesSocket(member.stateDir));
  return {
    name: own,
    others: () => otherSources(kubeconfig, own),
    ...(socket !== undefined && { eyes: { socket, others: () => otherEyes(stateDir, own) } }),
  };
};
