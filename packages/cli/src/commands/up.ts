import {
  type Cluster,
  type ClusterOptions,
  envoyImage,
  envoyProgram,
  type MeshMembership,
  publishTelemetry,
  type RunRecord,
  RuntimeError,
  startCluster,
  writeRunRecord,
} from '@lateen/runtime';
import { DashboardProcess } from '../dashboard/dashboard-process.ts';
import { meshWords } from '../dashboard/mesh-place.ts';
import { type SourceFlags, sourceWords } from '../dashboard/source-flags.ts';
import { type Output, Progress } from '../progress.ts';
import { applySample, findSample, type Sample, samplePath, untilPage } from '../sample.ts';
import { startCard } from '../start-card.ts';
import { aborted, stopSignal } from '../stop-signal.ts';

/** Whose proxies a mesh has. */
export const proxyKinds = ['lateen', 'envoy'] as const;
export type ProxyKind = (typeof proxyKinds)[number];

/** Undefined: our own. @throws RuntimeError when there is no Envoy on this machine. */
const proxyImageOf = (kind: ProxyKind): string | undefined => {
  if (kind === 'lateen') return undefined;
  if (envoyProgram(process.env) === undefined)
    throw new RuntimeError('bad-state', 'there is no envoy on the PATH (ENVOY may name it)');
  return envoyImage;
};

/** Flags of `lateen up`. */
export interface UpOptions extends SourceFlags {
  /** This cluster's place in a mesh; set for the processes that `upMesh` starts. */
  readonly membership: MeshMembership | undefined;
  readonly stateDir: string;
  readonly sample: string | undefined;
  readonly port: number;
  readonly gatewayPort: number;
  readonly dashboardPort: number;
  /** Serve the dashboard too. */
  readonly dashboard: boolean;
  readonly images: readonly string[];
  readonly proxy: ProxyKind;
  /** Set in the process that `--detach` left in the background. */
  readonly background: boolean;
  /** How a person calls this program. */
  readonly command: string;
  /** Folder with `lateen` and `istioctl`, when they are not on the PATH. */
  readonly binFolder: string | undefined;
}

const clusterOptions = (options: UpOptions, progress: Progress): ClusterOptions => ({
  stateDir: options.stateDir,
  apiPort: options.port,
  gatewayPort: options.gatewayPort,
  imageCatalogs: [samplePath('images.json'), ...options.images],
  membership: options.membership,
  proxyImage: proxyImageOf(options.proxy),
  hasEyes: options.dashboard,
  onProgress: ({ kind, what, detail }) =>
    kind === 'warning' ? progress.warn(what, detail) : progress.done(what, detail),
});

interface Course {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const bringSample = async (
  cluster: Cluster,
  sample: Sample,
  { progress, signal }: Course,
): Promise<void> => {
  const url = `${cluster.record.gateway.http}${sample.path}`;
  await cluster.untilAppsReady(sample.namespace, sample.apps, signal);
  if (await untilPage(url, signal)) progress.done(sample.name, `${url} answers`);
  else if (!signal.aborted)
    throw new RuntimeError(
      'not-ready',
      `${url} does not answer 200; see: kubectl get pods -A (KUBECONFIG=${cluster.record.kubeconfig})`,
    );
};

const readySample = (name: string | undefined): Sample | undefined => {
  if (name === undefined) return undefined;
  const sample = findSample(name);
  if (sample === undefined) throw new RuntimeError('bad-state', `there is no sample "${name}"`);
  return sample;
};

/** Resolves with the record that names it; addons' pods find it there. Who stops meanwhile does not wait for it. */
const openDashboard = async (
  { client, record, state }: Cluster,
  dashboard: DashboardProcess,
  { progress, signal }: Course,
): Promise<RunRecord> => {
  if (signal.aborted) return record;
  signal.addEventListener('abort', () => void dashboard.stop(), { once: true });
  const addons = await dashboard.start((moved) => {
    publishTelemetry(client, moved).catch((error: unknown) =>
      progress.warn('dashboard', `spans do not find it: ${String(error)}`),
    );
  });
  if (signal.aborted) return record;
  if (addons === undefined) {
    progress.warn('dashboard', 'it did not start: see dashboard.log');
    return record;
  }
  await publishTelemetry(client, addons);
  const known = { ...record, dashboard: addons.dashboard, addons };
  writeRunRecord(state, known);
  progress.done('dashboard', addons.dashboard);
  return known;
};

/** Runs a cluster in this process until it is told to stop. Rejects with RuntimeError. */
export const up = async (options: UpOptions, output: Output): Promise<void> => {
  const sample = readySample(options.sample);
  const signal = stopSignal(options.background);
  // At once: what is on its way may take a while to end.
  signal.addEventListener('abort', () => output.out('\nstopping ...\n'), { once: true });
  const progress = new Progress(output, () => performance.now());
  const cluster = await startCluster(clusterOptions(options, progress));
  const words = [...sourceWords(options), ...meshWords(options.membership)];
  const eyes = new DashboardProcess(cluster.state, options.dashboardPort, words);
  try {
    if (sample !== undefined) await applySample(cluster.client, sample);
    await cluster.untilReady(signal);
    const course = { progress, signal };
    const opened = options.dashboard ? openDashboard(cluster, eyes, course) : cluster.record;
    if (sample !== undefined) await bringSample(cluster, sample, course);
    const record = await opened;
    if (!signal.aborted) {
      const { background: detached, sample: name, stateDir, command, binFolder } = options;
      const { color } = output;
      const card = { sample: name, detached, stateDir, command, binFolder, color };
      if (options.membership === undefined) output.out(startCard(record, card));
      writeRunRecord(cluster.state, { ...record, phase: 'ready' });
    }
    await aborted(signal);
  } finally {
    await eyes.stop();
    await cluster.stop();
  }
};
