import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  processStart,
  type RunRecord,
  RuntimeError,
  readRunRecord,
  stateFolderAt,
} from '@lateen/runtime';
import { readMembers } from '../mesh/mesh-members.ts';
import type { Output } from '../progress.ts';

/** The supervisor gives its containers 3 s; after this it is killed, and the pipes end the rest. */
const stopTimeoutMs = 10_000;
const leftoverTimeoutMs = 5_000;
const pollMs = 20;

const until = async (holds: () => boolean, timeoutMs: number): Promise<boolean> => {
  const deadlineMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadlineMs) return false;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return true;
};

const hasStateDir = (pid: string, stateDir: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HOME=${stateDir}/pods/`);
  } catch {
    return false;
  }
};

/** Processes of containers: their home is in the pods folder. A shell with KUBECONFIG set is not one. */
const containerProcesses = (stateDir: string): readonly string[] =>
  readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid && hasStateDir(name, stateDir),
  );

/** For who has changed into a folder below the one where the cluster was started. */
const hintAbove = (root: string): string => {
  const name = basename(root);
  for (let folder = dirname(dirname(root)); ; folder = dirname(folder)) {
    const other = join(folder, name);
    if (other !== root && readRunRecord(stateFolderAt(other)) !== undefined)
      return `; one runs on ${other}: give that folder with --state-dir`;
    if (dirname(folder) === folder) return '';
  }
};

const isGone = ({ pid, processStart: start }: RunRecord): boolean => processStart(pid) !== start;

/** Ends the cluster of a state folder and everything it started. Rejects with RuntimeError. */
export const down = async (stateDir: string, output: Output): Promise<void> => {
  const state = stateFolderAt(stateDir);
  const record = readRunRecord(state);
  if (record === undefined) {
    output.out(`no cluster is running on ${state.root}${hintAbove(state.root)}\n`);
    return;
  }
  process.kill(record.pid, 'SIGTERM');
  if (!(await until(() => isGone(record), stopTimeoutMs))) {
    process.kill(record.pid, 'SIGKILL');
    await until(() => isGone(record), leftoverTimeoutMs);
  }
  const clean = await until(() => containerProcesses(state.root).length === 0, leftoverTimeoutMs);
  if (!clean)
    throw new RuntimeError(
      'bad-state',
      `processes are still there: ${containerProcesses(state.root).join(' ')}; end them with kill -9`,
    );
  output.out('stopped\n');
};

/** Ends what runs on a state folder; of a mesh, also the clusters that were brought back one by one. */
export const downAll = async (stateDir: string, output: Output): Promise<void> => {
  await down(stateDir, output);
  for (const { stateDir: folder } of readMembers(stateDir))
    if (readRunRecord(stateFolderAt(folder)) !== undefined) await down(folder, output);
};
