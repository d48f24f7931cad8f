import { createRemoteSecret, lateenVersion, RuntimeError } from '@lateen/runtime';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ClusterFlags, clusterConnection, contextOption } from './cluster-connection.ts';
import { addAnalyze } from './commands/analyze.ts';
import { addAuthz } from './commands/authz.ts';
import { addDashboard, defaultDashboardPort } from './commands/dashboard.ts';
import { detachedUp } from './commands/detached-up.ts';
import { down, downAll } from './commands/down.ts';
import { addExplain } from './commands/explain.ts';
import { addProxyConfig } from './commands/proxy-config.ts';
import { addProxyStatus } from './commands/proxy-status.ts';
import { printRemoteClusters } from './commands/remote-clusters.ts';
import { status } from './commands/status.ts';
import { type ProxyKind, proxyKinds, type UpOptions, up } from './commands/up.ts';
import { addValidate } from './commands/validate.ts';
import { addSourceOptions, type SourceFlags, sourceWords } from './dashboard/source-flags.ts';
import { memberPorts } from './mesh/member-ports.ts';
import { type MembershipFlags, membershipFlags, membershipOf } from './mesh/membership-flags.ts';
import { addMeshOptions, type MeshFlags, membersOf, meshFlagWords } from './mesh/mesh-flags.ts';
import { findMember, readMembers } from './mesh/mesh-members.ts';
import { upMesh } from './mesh/up-mesh.ts';
import type { Output } from './progress.ts';
import { sampleNames } from './sample.ts';
import { stopSignal } from './stop-signal.ts';

const defaultStateDir = '.lateen';
const defaultApiPort = 6_443;
const defaultGatewayPort = 8_080;

const port = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535');
  return value;
};

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const stateDirOption = (): Option =>
  new Option('--state-dir <folder>', 'where the cluster keeps everything').default(defaultStateDir);

/** Besides those people give, a member of a mesh is told its place by the process that starts them all. */
interface UpFlags extends MeshFlags, MembershipFlags, SourceFlags {
  readonly context?: string;
  readonly sample?: string;
  readonly detach?: boolean;
  readonly port: number;
  readonly gatewayPort: number;
  readonly dashboardPort: number;
  /** False with `--no-dashboard`. */
  readonly dashboard: boolean;
  readonly images: readonly string[];
  readonly proxy: ProxyKind;
}

/** The words of `lateen up` again, for the process in the background. */
const upWords = (flags: UpFlags): readonly string[] => [
  'up',
  ...['--state-dir', flags.stateDir],
  ...['--port', String(flags.port), '--gateway-port', String(flags.gatewayPort)],
  ...['--dashboard-port', String(flags.dashboardPort)],
  ...(flags.dashboard ? [] : ['--no-dashboard']),
  ...sourceWords(flags),
  ...(flags.sample === undefined ? [] : ['--sample', flags.sample]),
  ...flags.images.flatMap((file) => ['--images', file]),
  ...['--proxy', flags.proxy],
  ...meshFlagWords(flags),
  ...(flags.context === undefined ? [] : ['--context', flags.context]),
];

/** The flags of one member of the mesh on the state folder, as the mesh itself starts it. */
const flagsOfMember = (flags: UpFlags, context: string): UpFlags => {
  const [ofMesh] = meshFlagWords(flags);
  if (ofMesh !== undefined)
    throw new RuntimeError('bad-state', `${ofMesh} is for the whole mesh, not for --context`);
  const member = findMember(flags.stateDir, context);
  const at = readMembers(flags.stateDir).findIndex(({ name }) => name === member.name);
  return {
    ...flags,
    ...membershipFlags(flags.stateDir, member),
    stateDir: member.stateDir,
    port: flags.port + at,
    gatewayPort: flags.gatewayPort + at,
    dashboardPort: flags.dashboardPort + at,
    // Where it was: others know it by that.
    ...memberPorts(flags.stateDir, context),
  };
};

const runUp = (asked: UpFlags, output: Output, env: NodeJS.ProcessEnv): Promise<void> => {
  const flags = asked.context === undefined ? asked : flagsOfMember(asked, asked.context);
  const asMember = flags.member !== undefined;
  const members = asMember ? [] : membersOf(asked);
  if (flags.detach === true) return detachedUp(upWords(asked), flags.stateDir, output);
  const command = env['LATEEN_COMMAND'] ?? 'lateen';
  const options: UpOptions = {
    ...flags,
    sample: flags.sample,
    membership: membershipOf(flags),
    background: env['LATEEN_BACKGROUND'] === '1',
    command,
    binFolder: command === 'lateen' ? undefined : env['LATEEN_BIN'],
  };
  if (members.length === 0) return up(options, output);
  return upMesh(members, options, { output, signal: stopSignal(options.background) });
};

const addUp = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  const command = program
    .command('up')
    .description('start the mesh on this machine; Ctrl-C stops it')
    .addOption(
      new Option('--sample <name>', 'bring an application with it').choices([...sampleNames]),
    )
    .option('--detach', 'return when it is ready and leave it running')
    .addOption(stateDirOption())
    .option('--port <port>', 'port of the API server, or the next free one', port, defaultApiPort)
    .option(
      '--gateway-port <port>',
      'port of the gateway, or the next free one',
      port,
      defaultGatewayPort,
    )
    .option(
      '--dashboard-port <port>',
      'port of the dashboard, or the next free one',
      port,
      defaultDashboardPort,
    )
    .option('--no-dashboard', 'without the dashboard');
  addMeshOptions(
    addSourceOptions(command)
      .option('--images <file>', 'a further image catalog (repeatable)', collect, [])
      .addOption(
        new Option('--proxy <kind>', "whose proxies: ours, or the machine's Envoy (docs/envoy.md)")
          .choices(proxyKinds)
          .default('lateen'),
      )
      .addOption(
        new Option('--network <kind>', 'how pods are connected')
          .choices(['auto', 'loopback'])
          .default('auto'),
      ),
  )
    .addOption(contextOption())
    .addOption(new Option('--member <name>').hideHelp())
    .addOption(new Option('--network-id <name>').hideHelp())
    .addOption(new Option('--mesh-root <folder>').hideHelp())
    .addOption(new Option('--primary <name>').hideHelp())
    .addOption(new Option('--primary-kubeconfig <file>').hideHelp())
    .addOption(new Option('--has-remotes').hideHelp())
    .action((flags: UpFlags) => runUp(flags, output, env));
};

const addInspection = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  program
    .command('status')
    .description('show what runs and where')
    .addOption(stateDirOption())
    .addOption(contextOption())
    .addOption(
      new Option('-o, --output <format>', 'output format')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action((flags: { stateDir: string; context?: string; output: 'text' | 'json' }) => {
      const { stateDir, context } = flags;
      const folder = context === undefined ? stateDir : findMember(stateDir, context).stateDir;
      return status(folder, flags.output, output);
    });
  addProxyStatus(program, output, env);
  program
    .command('remote-clusters')
    .description('show the other clusters that this control plane reads')
    .addOption(stateDirOption())
    .option('--kubeconfig <file>', 'any other cluster (default: the one of the state folder)')
    .addOption(contextOption())
    .action((flags: ClusterFlags) => printRemoteClusters(clusterConnection(flags, env), output));
  program
    .command('create-remote-secret')
    .description('print the Secret with which other clusters of the mesh read this one')
    .addOption(stateDirOption())
    .option('--kubeconfig <file>', 'any other cluster (default: the one of the state folder)')
    .addOption(contextOption())
    .option('--name <cluster>', 'cluster id (default: the name of the context)')
    .option('--server <url>', 'address by which the others reach the API server')
    .action(async (flags: ClusterFlags & { name?: string; server?: string }) => {
      const connection = clusterConnection(flags, env);
      const name = flags.name ?? connection.context;
      output.out(await createRemoteSecret(connection, name, flags.server));
    });
  program
    .command('version')
    .description('show the version')
    .action(() => output.out(`lateen ${lateenVersion}\n`));
};

/** The command line; actions reject with RuntimeError or KubeError, usage errors with CommanderError. */
export const createProgram = (output: Output, env: NodeJS.ProcessEnv): Command => {
  const program = new Command('lateen')
    .description('An Istio-compatible service mesh on your machine')
    .version(lateenVersion)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.out(text),
      writeErr: (text) => output.err(text),
    });
  addUp(program, output, env);
  program
    .command('down')
    .description('stop the mesh and everything it started')
    .addOption(stateDirOption())
    .addOption(contextOption())
    .action(({ stateDir, context }: { stateDir: string; context?: string }) =>
      context === undefined
        ? downAll(stateDir, output)
        : down(findMember(stateDir, context).stateDir, output),
    );
  addInspection(program, output, env);
  addDashboard(program, output, env);
  addExplain(program, output, env);
  addAuthz(program, output, env);
  addAnalyze(program, output, env);
  addValidate(program, output);
  addProxyConfig(program, output, env);
  return program;
};
