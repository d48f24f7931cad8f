import { lateenVersion, readProxyStatus } from '@lateen/runtime';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ClusterFlags, clusterConnection } from './cluster-connection.ts';
import { addAnalyze } from './commands/analyze.ts';
import { detachedUp } from './commands/detached-up.ts';
import { down } from './commands/down.ts';
import { addExplain } from './commands/explain.ts';
import { addProxyConfig } from './commands/proxy-config.ts';
import { status } from './commands/status.ts';
import { up } from './commands/up.ts';
import { addValidate } from './commands/validate.ts';
import type { Output } from './progress.ts';
import { sampleNames } from './sample.ts';

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

interface UpFlags {
  readonly stateDir: string;
  readonly sample?: string;
  readonly detach?: boolean;
  readonly port: number;
  readonly gatewayPort: number;
  readonly images: readonly string[];
}

/** The words of `lateen up` again, for the process in the background. */
const upWords = (flags: UpFlags): readonly string[] => [
  'up',
  ...['--state-dir', flags.stateDir],
  ...['--port', String(flags.port), '--gateway-port', String(flags.gatewayPort)],
  ...(flags.sample === undefined ? [] : ['--sample', flags.sample]),
  ...flags.images.flatMap((file) => ['--images', file]),
];

const addUp = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  program
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
    .option('--images <file>', 'a further image catalog (repeatable)', collect, [])
    .addOption(
      new Option('--network <kind>', 'how pods are connected')
        .choices(['auto', 'loopback'])
        .default('auto'),
    )
    .action(async (flags: UpFlags) => {
      if (flags.detach === true) return detachedUp(upWords(flags), flags.stateDir, output);
      const background = env['LATEEN_BACKGROUND'] === '1';
      const command = env['LATEEN_COMMAND'] ?? 'lateen';
      const binFolder = command === 'lateen' ? undefined : env['LATEEN_BIN'];
      return up({ ...flags, sample: flags.sample, background, command, binFolder }, output);
    });
};

const addInspection = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  program
    .command('status')
    .description('show what runs and where')
    .addOption(stateDirOption())
    .addOption(
      new Option('-o, --output <format>', 'output format')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action((flags: { stateDir: string; output: 'text' | 'json' }) =>
      status(flags.stateDir, flags.output, output),
    );
  program
    .command('proxy-status')
    .alias('ps')
    .description('show how far each proxy is with its configuration')
    .addOption(stateDirOption())
    .option('--kubeconfig <file>', 'any other cluster (default: the one of the state folder)')
    .action(async (flags: ClusterFlags) => {
      output.out(await readProxyStatus(clusterConnection(flags, env)));
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
    .action((flags: { stateDir: string }) => down(flags.stateDir, output));
  addInspection(program, output, env);
  addExplain(program, output, env);
  addAnalyze(program, output, env);
  addValidate(program, output);
  addProxyConfig(program, output, env);
  return program;
};
