/** Command of a container with a real Prometheus: tells it the cluster's pods by files, and ends with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, unwatchFile, watchFile, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pod } from '@lateen/api';
import { createLogger } from '@lateen/base';
import {
  createKubeClient,
  Informer,
  type KubeConnection,
  loadKubeConfig,
  resources,
  systemClock,
} from '@lateen/kube';
import { reasonOf } from '../runtime-error.ts';
import { podTargets } from './pod-targets.ts';
import { type FileConfig, fileConfig } from './prometheus-config.ts';

/** Changes of pods within this time become one write. */
const writeDelayMs = 200;
/** So often a changed configuration is looked for. */
const configPollMs = 2_000;
/** Prometheus starts without targets when the pods are not known by then. */
const podsTimeoutMs = 10_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    program: { type: 'string', default: 'prometheus' },
    config: { type: 'string', default: '/etc/prometheus/prometheus.yml' },
    kubeconfig: { type: 'string', default: '' },
    namespace: { type: 'string', default: 'default' },
    /** Folder for the derived configuration and the targets. */
    folder: { type: 'string', default: '.' },
  },
});

const log = createLogger({ clock: systemClock, sink: (line) => process.stderr.write(line) });

/** Readers see the old or the new file. True when it was another. */
const written = new Map<string, string>();
const replaceFile = (path: string, text: string): boolean => {
  if (written.get(path) === text) return false;
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  written.set(path, text);
  return true;
};

const caFile = join(values.folder, 'ca.crt');
const tokenFile = join(values.folder, 'token');

const readConfig = ({ server }: KubeConnection): FileConfig => {
  const config = fileConfig({
    text: readFileSync(values.config, 'utf8'),
    folder: dirname(values.config),
    targets: values.folder,
    namespace: values.namespace,
    api: { address: new URL(server).host, caFile, tokenFile },
  });
  for (const note of config.notes) log.warn('left out of the configuration', { what: note });
  return config;
};

const configPath = join(values.folder, 'prometheus.yml');

const followPods = async (
  connection: KubeConnection,
  signal: AbortSignal,
): Promise<Informer<Pod>> => {
  const pods = new Informer<Pod>({
    client: createKubeClient(connection),
    resource: resources.pods,
    clock: systemClock,
    log,
    jitter: Math.random,
  });
  void pods.run(signal);
  const late = Promise.withResolvers<void>();
  const cancel = systemClock.schedule(podsTimeoutMs, () => late.resolve());
  await Promise.race([pods.synced, late.promise]);
  cancel();
  return pods;
};

/** Its exit code, with 128 + n for a signal. */
const exitCodeOf = async (child: ChildProcess): Promise<number> => {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
};

const run = async (): Promise<number> => {
  const stop = new AbortController();
  let child: ChildProcess | undefined;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (child !== undefined) child.kill(signal);
      else if (signal !== 'SIGHUP') process.exit(0);
    });
  const connection = loadKubeConfig(values.kubeconfig);
  replaceFile(caFile, connection.certificateAuthority ?? '');
  replaceFile(tokenFile, connection.token ?? '');
  let config = readConfig(connection);
  const pods = await followPods(connection, stop.signal);
  const writeTargets = (): void => {
    for (const { path, namespaces } of config.files)
      replaceFile(path, JSON.stringify(podTargets(pods.list(), namespaces)));
  };
  writeTargets();
  replaceFile(configPath, config.text);
  let cancelWrite: (() => void) | undefined;
  pods.onChange(() => {
    cancelWrite ??= systemClock.schedule(writeDelayMs, () => {
      cancelWrite = undefined;
      writeTargets();
    });
  });
  const words = [`--config.file=${configPath}`, ...positionals];
  child = spawn(values.program, words, { stdio: 'inherit' });
  watchFile(values.config, { interval: configPollMs }, () => {
    try {
      config = readConfig(connection);
      writeTargets();
      if (replaceFile(configPath, config.text)) child.kill('SIGHUP');
    } catch (error) {
      log.error('the changed configuration is not taken', { reason: reasonOf(error) });
    }
  });
  const code = await exitCodeOf(child);
  unwatchFile(values.config);
  cancelWrite?.();
  stop.abort();
  return code;
};

try {
  process.exit(await run());
} catch (error) {
  log.error('Prometheus cannot be started', { reason: reasonOf(error) });
  process.exit(1);
}
