import { readFileSync } from 'node:fs';
import type { AddonEndpoints } from '../images/addon-images.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import type { StateFolder } from './state-folder.ts';

/** One cluster of a mesh of several. */
export interface MemberRecord {
  readonly name: string;
  readonly network: string;
  /** The cluster that its control plane is in; absent when it has its own. */
  readonly primary?: string;
  readonly stateDir: string;
  readonly apiServer: string;
  readonly gateway: { readonly http: string };
}

/** What a running cluster says of itself; also `lateen status -o json`. */
export interface RunRecord {
  readonly version: string;
  /** Of the supervisor. */
  readonly pid: number;
  /** Start of that process in clock ticks since boot: tells it from a later one with the same pid. */
  readonly processStart: string;
  readonly phase: 'starting' | 'ready';
  /** RFC 3339. */
  readonly startedAt: string;
  readonly stateDir: string;
  readonly kubeconfig: string;
  /** `https://127.0.0.1:6443`. */
  readonly apiServer: string;
  readonly gateway: { readonly http: string };
  /** `http://127.0.0.1:20001`; absent while there is none. */
  readonly dashboard?: string;
  /** Where the parts that stand in for addons answer; absent without the dashboard. */
  readonly addons?: AddonEndpoints;
  readonly network: { readonly kind: string; readonly cidr: string };
  /** The cluster that its control plane is in; absent when it has its own. */
  readonly primary?: string;
  /** Of a mesh of several: all of them; the rest is the first one's. */
  readonly clusters?: readonly MemberRecord[];
}

/** Fields of /proc/PID/stat from the third on, the state; undefined when there is no such process. */
const processFields = (pid: number): readonly string[] | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may hold blanks.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
};

/** When it started, in the kernel's ticks; undefined when there is no such process, or one that ended unnoticed. */
export const processStart = (pid: number): string | undefined => {
  const fields = processFields(pid);
  return fields === undefined || /^[ZX]/.test(fields[0] ?? '') ? undefined : fields[19];
};

/** Of a process' flags: PF_EXITING. */
const exiting = 0x4;

const isEnding = (pid: number): boolean => (Number(processFields(pid)?.[6]) & exiting) !== 0;

/** The record of the cluster that runs now; undefined when none does (a crash leaves the file behind). */
export const readRunRecord = (state: StateFolder): RunRecord | undefined => {
  const record = readJsonFile(state.runRecord) as RunRecord | undefined;
  if (record === undefined || typeof record.pid !== 'number') return undefined;
  const { pid } = record;
  return processStart(pid) === record.processStart && !isEnding(pid) ? record : undefined;
};

/** Says what runs; `lateen status` and `lateen up --detach` read it. */
export const writeRunRecord = (state: StateFolder, record: RunRecord): void =>
  writeJsonFile(state.runRecord, record);
