import { writeFileSync } from 'node:fs';
import {
  lockStateFolder,
  makeStateRoot,
  processStart,
  type RunRecord,
  RuntimeError,
  readRunRecord,
  stateFolderAt,
  writeRunRecord,
} from '@lateen/runtime';
import { down } from '../commands/down.ts';
import type { UpOptions } from '../commands/up.ts';
import { sourceWords } from '../dashboard/source-flags.ts';
import type { Output } from '../progress.ts';
import { aborted } from '../stop-signal.ts';
import { MemberProcess } from './member-process.ts';
import { membershipWords } from './membership-flags.ts';
import { mergeKubeconfigs } from './merged-kubeconfig.ts';
import { meshCard } from './mesh-card.ts';
import { type MeshMember, writeMembers } from './mesh-members.ts';

/** How often members are looked at while they start. */
const pollMs = 50;
const startTimeoutMs = 180_000;

/** Words of `lateen up` for one member; what an app sample brings goes to the first. */
const wordsFor = (member: MeshMember, at: number, options: UpOptions): readonly string[] => [
  'up',
  ...['--state-dir', member.stateDir],
  ...membershipWords(options.stateDir, member),
  ...['--port', String(options.port + at), '--gateway-port', String(options.gatewayPort + at)],
  ...['--dashboard-port', String(options.dashboardPort + at)],
  ...(options.dashboard ? [] : ['--no-dashboard']),
  ...sourceWords(options),
  ...(options.sample === undefined || at > 0 ? [] : ['--sample', options.sample]),
  ...options.images.flatMap((file) => ['--images', file]),
  ...['--proxy', options.proxy],
];

const until = async (
  processes: readonly MemberProcess[],
  holds: () => boolean,
  signal: AbortSignal,
): Promise<void> => {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!signal.aborted && !holds()) {
    const ended = processes.find(({ exit }) => exit !== undefined);
    if (ended !== undefined)
      throw new RuntimeError('not-ready', `cluster ${ended.member.name} did not start`);
    if (performance.now() > deadlineMs)
      throw new RuntimeError('not-ready', 'the clusters did not come up in time');
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};

/** One after the other up to the API server: each takes the ports and addresses that are free then. */
const startAll = async (
  members: readonly MeshMember[],
  run: { readonly options: UpOptions; readonly output: Output; readonly signal: AbortSignal },
  processes: MemberProcess[],
): Promise<void> => {
  const width = Math.max(...members.map(({ name }) => name.length)) + 1;
  for (const [at, member] of members.entries()) {
    if (run.signal.aborted) return;
    const label = member.name.padEnd(width);
    const words = wordsFor(member, at, run.options);
    const started = new MemberProcess(member, words, { output: run.output, label });
    processes.push(started);
    await until(processes, () => started.record !== undefined, run.signal);
  }
  const isReady = ({ record }: MemberProcess): boolean => record?.phase === 'ready';
  await until(processes, () => processes.every(isReady), run.signal);
};

/** The mesh as one: the first cluster's places, and those of all. */
const meshRecord = (stateDir: string, processes: readonly MemberProcess[]): RunRecord => {
  const state = stateFolderAt(stateDir);
  const records = processes.flatMap(({ record }) => (record === undefined ? [] : [record]));
  const [first] = records;
  if (first === undefined) throw new RuntimeError('not-ready', 'no cluster came up');
  writeFileSync(state.kubeconfig, mergeKubeconfigs(records.map(({ kubeconfig }) => kubeconfig)), {
    mode: 0o600,
  });
  return {
    ...first,
    pid: process.pid,
    processStart: processStart(process.pid) ?? '',
    stateDir: state.root,
    kubeconfig: state.kubeconfig,
    clusters: records.map((record, at) => ({
      name: processes[at]?.member.name ?? '',
      network: processes[at]?.member.network ?? '',
      ...(record.primary !== undefined && { primary: record.primary }),
      stateDir: record.stateDir,
      apiServer: record.apiServer,
      gateway: record.gateway,
    })),
  };
};

/** Says when a member goes on its own; the others go on. */
const watchMember = async (
  { exited, member: { name } }: MemberProcess,
  output: Output,
  signal: AbortSignal,
): Promise<void> => {
  const { code, signal: by } = await exited;
  if (signal.aborted) return;
  const how = code === 0 ? 'has stopped' : `ended unexpectedly (${by ?? `exit code ${code}`})`;
  output.err(`cluster ${name} ${how}; bring it back with: lateen up --context ${name}\n`);
};

/** A member that was brought back by itself belongs to the mesh all the same. */
const stopMember = async ({ stateDir }: MeshMember, output: Output): Promise<void> => {
  if (readRunRecord(stateFolderAt(stateDir)) !== undefined) await down(stateDir, output);
};

/** Runs several clusters with one root of trust until told to stop. Rejects with RuntimeError. */
export const upMesh = async (
  members: readonly MeshMember[],
  options: UpOptions,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<void> => {
  makeStateRoot(options.stateDir);
  const state = stateFolderAt(options.stateDir);
  const lock = await lockStateFolder(state.root);
  // Behind the lock: a cluster that already runs here is not made one of several by an attempt that was refused.
  writeMembers(options.stateDir, members);
  const processes: MemberProcess[] = [];
  try {
    await startAll(members, { options, output, signal }, processes);
    if (!signal.aborted) {
      const record: RunRecord = { ...meshRecord(options.stateDir, processes), phase: 'ready' };
      output.out(meshCard(record, { ...options, color: output.color }));
      writeRunRecord(state, record);
      for (const one of processes) void watchMember(one, output, signal);
      await aborted(signal);
    }
    output.out('\nstopping ...\n');
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    for (const member of members) await stopMember(member, output);
    lock.close();
  }
};
