import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';
import { createLogger } from '@lateen/base';
import { systemClock } from '@lateen/kube';
import { readRunRecord, stateFolderAt } from '@lateen/runtime';
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { clusterConnection } from '../cluster-connection.ts';
import { addSourceOptions, type SourceFlags } from '../dashboard/source-flags.ts';
import { pagesFolder, startDashboard } from '../dashboard/start-dashboard.ts';
import { withLiveMembers } from '../mesh/member-ports.ts';
import { readMembers } from '../mesh/mesh-members.ts';
import type { Output } from '../progress.ts';

/** Kiali's port. */
export const defaultDashboardPort = 20_001;

interface DashboardFlags extends SourceFlags {
  readonly stateDir: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly port: number;
  readonly allowHost: readonly string[];
  readonly readOnly?: boolean;
}

const port = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535');
  return value;
};

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Serves until told to stop. */
const serve = async (
  flags: DashboardFlags,
  output: Output,
  env: NodeJS.ProcessEnv,
): Promise<void> => {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const dashboard = await startDashboard({
    connection: clusterConnection(flags, env),
    port: flags.port,
    pagesFolder: pagesFolder(env, stateFolderAt(flags.stateDir).cache),
    log: createLogger({ clock: systemClock, sink: (line) => output.err(line), level: 'warn' }),
    allowedHosts: flags.allowHost,
    isReadOnly: flags.readOnly ?? false,
    token: env['LATEEN_DASHBOARD_TOKEN'],
    prometheus: flags.prometheus,
    tracing: flags.tracing,
  });
  output.out(`${dashboard.url}\nPress Ctrl-C to stop.\n`);
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  await dashboard.close();
};

/** The dashboard that runs beside the cluster on the state folder, or beside that of KUBECONFIG. */
const runningDashboard = (
  { stateDir, kubeconfig, context, prometheus, tracing }: DashboardFlags,
  env: NodeJS.ProcessEnv,
): string | undefined => {
  // With sources of its own it is another one.
  if (kubeconfig !== undefined || prometheus !== undefined || tracing !== undefined) {
    return undefined;
  }
  const member = readMembers(stateDir).find(({ name }) => name === context);
  const here = readRunRecord(stateFolderAt(member?.stateDir ?? stateDir));
  if (here !== undefined) return withLiveMembers(here).dashboard;
  const [first = ''] = (env['KUBECONFIG'] ?? '').split(delimiter);
  return first === '' ? undefined : readRunRecord(stateFolderAt(dirname(first)))?.dashboard;
};

const run = async (
  flags: DashboardFlags,
  output: Output,
  env: NodeJS.ProcessEnv,
): Promise<void> => {
  const running = runningDashboard(flags, env);
  if (running !== undefined) output.out(`${running}\n`);
  else await serve(flags, output, env);
};

const addons = ['kiali', 'prometheus', 'grafana', 'jaeger', 'zipkin'];

/** Adds `lateen dashboard`. */
export const addDashboard = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  const command = program
    .command('dashboard')
    .aliases(['dash', 'd'])
    .description('say where the dashboard is, or serve it for any other cluster')
    // istioctl's word for one of the addons: here they are one.
    .addArgument(new Argument('[addon]', 'all lead to the same').choices(addons))
    .option('--state-dir <folder>', 'the cluster to look at', '.lateen')
    .option(
      '--kubeconfig <file>',
      'any other cluster (default: that of the state folder, else KUBECONFIG)',
    )
    .option('--context <name>', 'context of the kubeconfig')
    .option('--port <port>', 'port on 127.0.0.1, or the next free one', port, defaultDashboardPort)
    .option(
      '--allow-host <name>',
      'a name it is called by, besides 127.0.0.1 (repeatable)',
      collect,
      [],
    )
    .option('--read-only', 'no changes without the token of LATEEN_DASHBOARD_TOKEN');
  addSourceOptions(command).action((_addon: string | undefined, flags: DashboardFlags) =>
    run(flags, output, env),
  );
};
