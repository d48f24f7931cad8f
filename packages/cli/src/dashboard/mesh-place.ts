import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createKubeClient, loadKubeConfig } from '@lateen/kube';
import { type MeshMembership, stateFolderAt } from '@lateen/runtime';
import type { ClusterSource, MeshPlace } from '@lateen/telemetry/clusters';
import { parse } from 'yaml';

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

/** The cluster `own` among those of a kubeconfig. */
export const meshPlace = (kubeconfig: string, own: string): MeshPlace => ({
  name: own,
  others: () => otherSources(kubeconfig, own),
});
