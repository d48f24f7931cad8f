import type { Command } from 'commander';
import { policySummary } from '../authz/policy-summary.ts';
import { type ClusterFlags, clusterConnection, contextOption } from '../cluster-connection.ts';
import type { Output } from '../progress.ts';
import { listenersOf } from '../proxy-config/config-dump.ts';
import {
  type DumpSource,
  fileSource,
  liveSource,
  requireSection,
} from '../proxy-config/dump-source.ts';
import { podAdmin } from '../proxy-config/pod-admin.ts';
import { resolvePod } from '../proxy-config/pod-name.ts';
import { ProxyConfigError } from '../proxy-config/proxy-config-error.ts';

interface AuthzFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly file?: string;
}

const sourceOf = async (
  pod: string | undefined,
  flags: AuthzFlags,
  env: NodeJS.ProcessEnv,
): Promise<DumpSource> => {
  if (flags.file !== undefined) return fileSource(flags.file);
  if (pod === undefined) {
    throw new ProxyConfigError('bad-flag', 'name a pod, or a file with --file');
  }
  const connection = clusterConnection(flags, env);
  const ref = await resolvePod(connection, pod, flags.namespace ?? connection.namespace);
  return liveSource(podAdmin(connection, ref));
};

const addCheck = (parent: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  parent
    .command('check')
    .description('the authorization policies that a proxy enforces')
    .argument('[pod]', 'pod[.namespace], or deploy/name[.namespace]')
    .option('-n, --namespace <namespace>', 'of the pod')
    .option('-f, --file <file>', 'a config dump, instead of a proxy')
    .option('--state-dir <folder>', 'the cluster to ask', '.lateen')
    .option('--kubeconfig <file>', 'any other cluster')
    .addOption(contextOption())
    .action(async (pod: string | undefined, flags: AuthzFlags) => {
      const dump = await (await sourceOf(pod, flags, env)).configDump();
      output.out(policySummary(listenersOf(requireSection(dump, 'ListenersConfigDump'))));
    });
};

/** The command that istioctl keeps its newest under. */
const experimental = (program: Command): Command =>
  program.commands.find((command) => command.name() === 'experimental') ??
  program.command('experimental').alias('x').description('commands that may still change');

/** Adds `lateen authz check`, also as `lateen x authz check`, where istioctl has it too. */
export const addAuthz = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  for (const parent of [program, experimental(program)]) {
    const authz = parent.command('authz').description('look at authorization policies');
    addCheck(authz, output, env);
  }
};
