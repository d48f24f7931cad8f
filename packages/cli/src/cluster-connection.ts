import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { type KubeConnection, loadKubeConfig } from '@lateen/kube';
import { RuntimeError, readRunRecord, stateFolderAt } from '@lateen/runtime';

/** Flags of commands that talk to a cluster. */
export interface ClusterFlags {
  readonly stateDir: string;
  readonly kubeconfig?: string;
}

/**
 * The cluster a command is about: `--kubeconfig`, else the one that runs on the state folder, else that of
 * `KUBECONFIG`. @throws RuntimeError `not-running` when there is none, KubeError for a kubeconfig that is broken.
 */
export const clusterConnection = (
  { stateDir, kubeconfig }: ClusterFlags,
  env: NodeJS.ProcessEnv,
): KubeConnection => {
  if (kubeconfig !== undefined) return loadKubeConfig(kubeconfig);
  const state = stateFolderAt(stateDir);
  const record = readRunRecord(state);
  if (record !== undefined) return loadKubeConfig(record.kubeconfig);
  const fromEnv = (env['KUBECONFIG'] ?? '').split(delimiter).find((file) => existsSync(file));
  if (fromEnv !== undefined) return loadKubeConfig(fromEnv);
  throw new RuntimeError(
    'not-running',
    `no cluster is running on ${state.root}: start one with "lateen up", or set KUBECONFIG`,
  );
};
