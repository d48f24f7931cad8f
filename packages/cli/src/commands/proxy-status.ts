import { readProxyStatus, readSentConfiguration } from '@lateen/runtime';
import { asRecord } from '@lateen/xds/json-record';
import type { Command } from 'commander';
import { type ClusterFlags, clusterConnection, contextOption } from '../cluster-connection.ts';
import { readMembers } from '../mesh/mesh-members.ts';
import type { Output } from '../progress.ts';
import { fileSource, liveSource } from '../proxy-config/dump-source.ts';
import { podAdmin } from '../proxy-config/pod-admin.ts';
import { resolvePod } from '../proxy-config/pod-name.ts';
import { ProxyConfigError } from '../proxy-config/proxy-config-error.ts';
import { syncDifference } from '../proxy-config/sync-difference.ts';

/** Flags of `lateen proxy-status`. */
interface ProxyStatusFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly file?: string;
}

/** Where istiod is: in the cluster of the proxy, unless its mesh has one control plane for several. */
const controlPlaneFlags = (flags: ProxyStatusFlags, context: string): ProxyStatusFlags => {
  if (flags.kubeconfig !== undefined) return flags;
  const primary = readMembers(flags.stateDir).find(({ name }) => name === context)?.primary;
  return primary === undefined ? flags : { ...flags, context: primary };
};

/** What one proxy runs, against what istiod sent it last. */
const compare = async (
  pod: string,
  flags: ProxyStatusFlags,
  env: NodeJS.ProcessEnv,
): Promise<string> => {
  const connection = clusterConnection(flags, env);
  const ref = await resolvePod(connection, pod, flags.namespace ?? connection.namespace);
  const name = `${ref.name}.${ref.namespace}`;
  const proxy =
    flags.file === undefined ? liveSource(podAdmin(connection, ref)) : fileSource(flags.file);
  const istiod = clusterConnection(controlPlaneFlags(flags, connection.context), env);
  const [sent, runs] = await Promise.all([readSentConfiguration(istiod, name), proxy.configDump()]);
  if (sent === undefined)
    throw new ProxyConfigError('no-answer', `no istiod serves ${name}: see lateen ps`);
  return syncDifference(asRecord(sent), runs);
};

/** Adds `lateen proxy-status`, istioctl's command of that name. */
export const addProxyStatus = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  program
    .command('proxy-status')
    .alias('ps')
    .description(
      'show how far each proxy is with its configuration, or how what one runs differs from what it was sent',
    )
    .argument('[pod]', 'pod[.namespace], or deploy/name[.namespace]')
    .option('-n, --namespace <namespace>', 'of the pod')
    .option('-f, --file <file>', 'what the proxy answered to /config_dump, instead of asking it')
    .option('--state-dir <folder>', 'where the cluster keeps everything', '.lateen')
    .option('--kubeconfig <file>', 'any other cluster (default: the one of the state folder)')
    .addOption(contextOption())
    .action(async (pod: string | undefined, flags: ProxyStatusFlags) => {
      output.out(
        pod === undefined
          ? await readProxyStatus(clusterConnection(flags, env))
          : await compare(pod, flags, env),
      );
    });
};
