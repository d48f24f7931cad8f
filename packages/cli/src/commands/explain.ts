import type { Checked, Diagnostic } from '@lateen/base';
import {
  askedMesh,
  type Caller,
  parseRequest,
  type Simulation,
  type SimulationInput,
  simulate,
} from '@lateen/simulation';
import { clusterUnreachable } from '@lateen/telemetry/clusters';
import { type Command, Option } from 'commander';
import {
  addClientFlags,
  type ClientFlags,
  clientHeaders,
  clientOf,
} from '../explain/client-flags.ts';
import { ExplainError } from '../explain/explain-error.ts';
import { explainText } from '../explain/explain-text.ts';
import { type LiveFlags, liveMesh } from '../explain/live-mesh.ts';
import { offlineMesh } from '../explain/offline-mesh.ts';
import { readRunning } from '../explain/running-proxy.ts';
import type { Output } from '../progress.ts';

/** Flags of `lateen explain`. */
interface ExplainFlags extends LiveFlags, ClientFlags {
  readonly from?: string;
  readonly inbound?: string;
  readonly gateway?: string;
  readonly header: readonly string[];
  readonly filename: readonly string[];
  readonly cluster: readonly string[];
  readonly running?: boolean;
  readonly namespace?: string;
  readonly output: 'text' | 'json';
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const callerOf = ({ from, inbound, gateway, namespace }: ExplainFlags): Caller => {
  const named = [from, inbound, gateway].filter((name) => name !== undefined);
  if (named.length !== 1) {
    throw new ExplainError(
      'bad-caller',
      'say whose request it is with one of --from <workload>, --gateway <namespace/name>, --inbound <workload>',
    );
  }
  const full = (name: string): string =>
    name.includes('/') || namespace === undefined ? name : `${namespace}/${name}`;
  if (gateway !== undefined) return { kind: 'gateway', gateway: full(gateway) };
  if (inbound !== undefined) return { kind: 'inbound', workload: full(inbound) };
  return { kind: 'outbound', workload: full(from ?? '') };
};

const messageOf = (diagnostics: readonly { readonly message: string }[]): string =>
  diagnostics.map(({ message }) => message).join('; ');

/** Where a command writes, and what it may ask for besides its flags. */
interface Surroundings {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
}

const withNote = (
  { value, diagnostics }: Checked<Simulation>,
  note: Diagnostic,
): Checked<Simulation> => ({
  value: value && { ...value, diagnostics: [...value.diagnostics, note] },
  diagnostics,
});

/** Follows a request by what the caller's proxy runs: it knows what its control plane saw before. */
const simulateRunning = async (
  question: SimulationInput,
  flags: ExplainFlags,
  env: NodeJS.ProcessEnv,
): Promise<Checked<Simulation>> => {
  const first = simulate(question);
  const { value } = first;
  if (value === undefined || value.proxy === '') return first;
  try {
    const running = await readRunning(value.proxy, flags, env);
    return withNote(simulate({ ...question, running }), {
      severity: 'info',
      code: 'ProxyAsked',
      message: `the answer is by what the proxy of ${value.proxy} runs`,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return withNote(first, {
      severity: 'warning',
      code: 'ProxySilent',
      message: `${reason}: the answer is by what the proxy would be sent`,
    });
  }
};

/**
 * Says what happens to a request that is not sent: on manifests, or on a cluster. Rejects with
 * ExplainError, RuntimeError or KubeError.
 */
const explain = async (
  words: { readonly method: string; readonly url: string },
  flags: ExplainFlags,
  { output, env }: Surroundings,
): Promise<void> => {
  const caller = callerOf(flags);
  const client = clientOf(flags, Date.now());
  const headers = [...clientHeaders(flags), ...flags.header];
  const parsed = parseRequest({ ...words, headers });
  if (parsed.value === undefined) {
    throw new ExplainError('bad-request', messageOf(parsed.diagnostics));
  }
  const isOffline = flags.filename.length > 0 || flags.cluster.length > 0;
  const mesh = isOffline ? offlineMesh(flags) : await liveMesh(flags, env);
  const asked = askedMesh(mesh.clusters);
  if (asked.value === undefined) throw new ExplainError('bad-caller', messageOf(asked.diagnostics));
  const request = parsed.value;
  const question = { ...asked.value, live: !isOffline, caller, client, request };
  const isLacking = mesh.diagnostics.some(({ code }) => code === clusterUnreachable);
  const { value, diagnostics } =
    !isOffline && (isLacking || flags.running === true)
      ? await simulateRunning(question, flags, env)
      : simulate(question);
  if (value === undefined) throw new ExplainError('bad-caller', messageOf(diagnostics));
  const answer = { ...value, diagnostics: [...mesh.diagnostics, ...value.diagnostics] };
  output.out(
    flags.output === 'json' ? `${JSON.stringify(answer, undefined, 2)}\n` : explainText(answer),
  );
};

/** Adds `lateen explain`. */
export const addExplain = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  addClientFlags(program.command('explain'))
    .description('say where a request goes and why, without sending it')
    .argument('<words...>', '[METHOD] URL, for instance GET http://reviews:9080/reviews/0')
    .option('--from <workload>', 'the caller: a pod, a workload or the value of a label app')
    .option('--gateway <gateway>', 'the request comes to this Gateway, at the port of the URL')
    .option('--inbound <workload>', 'the request comes to the proxy of this workload')
    .option('-H, --header <line>', 'a header, as for curl (repeatable)', collect, [])
    .option(
      '-f, --filename <path>',
      'manifests instead of a cluster: a file, a folder or - (repeatable)',
      collect,
      [],
    )
    .option(
      '--cluster <name=path>',
      'manifests of a cluster of a mesh of several, the first that of the caller (repeatable)',
      collect,
      [],
    )
    .option('-n, --namespace <namespace>', 'of the caller or Gateway')
    .option('--running', "by what the caller's proxy runs, not by what it would be sent now")
    .addOption(
      new Option('-o, --output <format>', 'output format')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--state-dir <folder>', 'the cluster to ask', '.lateen')
    .option(
      '--kubeconfig <file>',
      'any other cluster (default: that of the state folder, else KUBECONFIG)',
    )
    .option('--context <name>', 'the cluster of the caller, by the context of its kubeconfig')
    .option(
      '--remote-context <name>',
      'a further cluster of the mesh, besides those that its Secrets name (repeatable)',
      collect,
      [],
    )
    .action((words: readonly string[], flags: ExplainFlags) => {
      const [first = '', second, ...rest] = words;
      if (rest.length > 0)
        throw new ExplainError('bad-request', `what is "${rest.join(' ')}"? Write [METHOD] URL`);
      const request =
        second === undefined ? { method: 'GET', url: first } : { method: first, url: second };
      return explain(request, flags, { output, env });
    });
};
