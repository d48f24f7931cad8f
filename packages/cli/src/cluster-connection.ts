import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { type KubeConnection, loadKubeConfig } from '@lateen/kube';
import { RuntimeError, readRunRecord, stateFolderAt } from '@lateen/runtime';
import { Option } from 'commander';

/** Flags of commands that talk to a cluster. */
export interface ClusterFlags {
  readonly stateDir: string;
  readonly kubeconfig?: string;
  /** Context of the kubeconfig; default: its current one. */
  readonly context?: string;
}

/**
 * The cluster a command is about: `--kubeconfig`, else the one that runs on the state folder, else that of
 * `KUBECONFIG`. @throws RuntimeError `not-running` when there is none, KubeError for a kubeconfig that is broken.
 */
export const clusterConnection = (
  { stateDir, kubeconfig, context }: ClusterFlags,
  env: NodeJS.ProcessEnv,
): KubeConnection => {
  if (kubeconfig !== undefined) return loadKubeConfig(kubeconfig, context);
  const state = stateFolderAt(stateDir);
  const record = readRunRecord(state);
  if (record !== undefined) return loadKubeConfig(record.kubeconfig, context);
  const fromEnv = (env['KUBECONFIG'] ?? '').split(delimiter).find((file) => existsSync(file));
  if (fromEnv !== undefined) return loadKubeConfig(fromEnv, context);
  throw new RuntimeError(
    'not-running',
    `no cluster is running on ${state.root}: start one with "lateen up", or set KUBECONFIG`,
  );
};

/** The flag by which commands are about one cluster of several. */
export const contextOption = (): Option =>
  new Option('--context <name>', 'one cluster of a mesh, by the context of its kubeconfig');
