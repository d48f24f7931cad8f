import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { type KubeConnection, KubeError, loadKubeConfig } from '@lateen/kube';
import { RuntimeError, readRunRecord, stateFolderAt } from '@lateen/runtime';
import { Option } from 'commander';

/** Flags of commands that talk to a cluster. */
export interface ClusterFlags {
  readonly stateDir: string;
  readonly kubeconfig?: string;
  /** Context of the kubeconfig; default: its current one. */
  readonly context?: string;
}

/** @throws KubeError whose message names the file. */
const connectionFrom = (file: string, context: string | undefined): KubeConnection => {
  try {
    return loadKubeConfig(file, context);
  } catch (error) {
    if (!(error instanceof KubeError) || error.message.includes(file)) throw error;
    throw new KubeError(error.code, `${file}: ${error.message}`, { cause: error });
  }
};

/**
 * The cluster a command is about: `--kubeconfig`, else the one that runs on the state folder, else that of
 * `KUBECONFIG`. @throws RuntimeError `not-running` when there is none, KubeError for a kubeconfig that is broken.
 */
export const clusterConnection = (
  { stateDir, kubeconfig, context }: ClusterFlags,
  env: NodeJS.ProcessEnv,
): KubeConnection => {
  if (kubeconfig !== undefined) return connectionFrom(kubeconfig, context);
  const state = stateFolderAt(stateDir);
  const record = readRunRecord(state);
  if (record !== undefined) return connectionFrom(record.kubeconfig, context);
  const named = env['KUBECONFIG'] ?? '';
  const fromEnv = named.split(delimiter).find((file) => existsSync(file));
  if (fromEnv !== undefined) return connectionFrom(fromEnv, context);
  const otherwise =
    named === '' ? 'or set KUBECONFIG' : `or set KUBECONFIG to a file that is there, not ${named}`;
  throw new RuntimeError(
    'not-running',
    `no cluster is running on ${state.root}: start one with "lateen up", ${otherwise}`,
  );
};

/** The flag by which commands are about one cluster of several. */
export const contextOption = (): Option =>
  new Option('--context <name>', 'one cluster of a mesh, by the context of its kubeconfig');
