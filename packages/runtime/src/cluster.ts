import { rmSync } from 'node:fs';
import { istioCrds } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import {
  createKubeClient,
  type KubeClient,
  loadKubeConfig,
  parseKubeConfig,
  systemClock,
} from '@lateen/kube';
import { istioSystem } from './bootstrap/istio-system.ts';
import { kubernetesService, namespacesOf, node } from './bootstrap/kube-system.ts';
import { keepsMeshConfig } from './bootstrap/mesh-config.ts';
import {
  membershipObjects,
  type PrimaryCluster,
  plugAuthority,
} from './bootstrap/mesh-membership.ts';
import { applyObjects, overwriteObjects } from './bootstrap/object-applier.ts';
import { publishTelemetry, telemetryService } from './bootstrap/telemetry-service.ts';
import { Cleanup } from './cleanup.ts';
import { type ClusterApi, openClusterApi } from './cluster-api.ts';
import type { ClusterOptions, ProgressNote } from './cluster-options.ts';
import { startControllers } from './controllers/controllers.ts';
import { type LocalImage, readImageCatalog } from './images/image-catalog.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import { openKeptNetwork } from './network/kept-network.ts';
import type { Network } from './network/network.ts';
import { type HeldPort, holdFreePort } from './network/tcp-listener.ts';
import { type NodeAgents, startNodeAgents } from './node-agents.ts';
import { PrimaryLink } from './primary-link.ts';
import { untilAppsReady } from './readiness.ts';
import { remoteSecret } from './remote-secret.ts';
import { RuntimeError } from './runtime-error.ts';
import type { BindFailure } from './service-proxy/service-proxy.ts';
import { type ClusterPki, loadClusterPki } from './state/cluster-pki.ts';
import { processStart, type RunRecord, writeRunRecord } from './state/run-record.ts';
import { createStateFolder, type StateFolder, stateFolderAt } from './state/state-folder.ts';
import { lockStateFolder } from './state/supervisor-lock.ts';
import { openSupervisorLog } from './supervisor-log.ts';
import { lateenVersion } from './version.ts';

/** What this machine offers the user is offered here only. */
const localhost = '127.0.0.1';
/** Ports tried after a taken one. */
const portTries = 200;
const ownApps: readonly string[] = ['istiod', 'istio-ingressgateway', 'istio-egressgateway'];
/** Where the control plane is in another cluster. */
const remoteApps: readonly string[] = ['istio-ingressgateway'];

/** A running cluster: API server, controllers, and this machine as its node. */
export interface Cluster {
  readonly state: StateFolder;
  readonly record: RunRecord;
  readonly client: KubeClient;
  /** Waits for istiod and both gateways, or the signal. Rejects with RuntimeError `not-ready`. */
  untilReady(signal: AbortSignal): Promise<void>;
  /** Waits for a ready pod of each app (by label `app`), or the signal. Rejects as `untilReady`. */
  untilAppsReady(namespace: string, apps: readonly string[], signal: AbortSignal): Promise<void>;
  /** Ends every process; what was applied is there at the next start. */
  stop(): Promise<void>;
}

/** Where the start is: what later steps need of earlier ones. */
interface Foundation {
  readonly options: ClusterOptions;
  readonly state: StateFolder;
  readonly pki: ClusterPki;
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cleanup: Cleanup;
  readonly stop: AbortController;
}

/**
 * Starts a cluster on a state folder, new or as it was left.
 * Rejects with RuntimeError: `already-running`, `network-taken`, `no-free-port`, `bad-image-catalog`.
 */
export const startCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const cleanup = new Cleanup();
  try {
    return await start(await layFoundation(options, cleanup));
  } catch (error) {
    await cleanup.run();
    throw error;
  }
};

const layFoundation = async (options: ClusterOptions, cleanup: Cleanup): Promise<Foundation> => {
  const state = stateFolderAt(options.stateDir);
  createStateFolder(state);
  const lock = await lockStateFolder(state.root);
  cleanup.add(() => lock.close());
  const clock = systemClock;
  const { log, close } = openSupervisorLog(state.log, clock, 'info');
  cleanup.add(close);
  const pki = loadClusterPki(state.pki, clock);
  const network = await openKeptNetwork(state.network);
  cleanup.add(() => network.close());
  options.onProgress({ kind: 'done', what: 'network', detail: `${network.cidr} (loopback)` });
  return { options, state, pki, network, clock, log, cleanup, stop: new AbortController() };
};

/** The port asked for or the next free one, which is then said. */
const takePort = async (
  wanted: number,
  what: string,
  { options: { onProgress }, cleanup }: Foundation,
): Promise<HeldPort> => {
  const held = await holdFreePort(localhost, wanted, portTries);
  if (held === undefined)
    throw new RuntimeError('no-free-port', `ports ${wanted} to ${wanted + portTries} are taken`);
  cleanup.add(() => held.release());
  if (held.port !== wanted)
    onProgress({ kind: 'warning', what, detail: `port ${wanted} is taken, using ${held.port}` });
  return held;
};

const start = async (base: Foundation): Promise<Cluster> => {
  const { options, state, network, log, clock, cleanup, stop } = base;
  const images = options.imageCatalogs.flatMap((path) => readImageCatalog(path));
  const apiPort = await takePort(options.apiPort, 'API server', base);
  const gatewayPort = await takePort(options.gatewayPort, 'gateway', base);
  let kubelet: Kubelet | undefined;
  const api = await openClusterApi({
    state,
    network,
    clock,
    log,
    pki: base.pki,
    port: apiPort,
    membership: options.membership,
    proxyImage: options.proxyImage,
    kubelet: () => kubelet,
  });
  cleanup.add(() => api.close());
  // Before the API server goes, also when the start fails half-way: watches would keep it open.
  cleanup.add(() => stop.abort());
  options.onProgress({ kind: 'done', what: 'API server', detail: api.url });
  const record = recordOf(base, api, gatewayPort.port);
  writeRunRecord(state, record);
  cleanup.add(() => rmSync(state.runRecord, { force: true }));
  const agents = await populate(base, { api, images, gatewayPort });
  kubelet = agents.kubelet;
  cleanup.add(() => agents.stop());
  return { state, record, client: api.client, ...lifecycle(base, agents) };
};

const recordOf = (base: Foundation, api: ClusterApi, gatewayPort: number): RunRecord => {
  const { state, network, clock } = base;
  const primary = base.options.membership?.primary?.cluster;
  return {
    version: lateenVersion,
    pid: process.pid,
    processStart: processStart(process.pid) ?? '',
    phase: 'starting',
    startedAt: new Date(clock.nowMs()).toISOString(),
    stateDir: state.root,
    kubeconfig: state.kubeconfig,
    apiServer: api.url,
    gateway: { http: `http://${localhost}:${gatewayPort}` },
    network: { kind: network.kind, cidr: network.cidr },
    ...(primary !== undefined && { primary }),
  };
};

interface Interior {
  readonly api: ClusterApi;
  readonly images: readonly LocalImage[];
  readonly gatewayPort: HeldPort;
}

/** Brings to life what the API server holds, and adds what every cluster has. */
const populate = async (base: Foundation, interior: Interior): Promise<NodeAgents> => {
  const { state, network, log, clock, pki, stop, options } = base;
  const { membership } = options;
  const { client, port } = interior.api;
  const common = { client, clock, log, jitter: Math.random, signal: stop.signal };
  const primary = membership?.primary;
  const namespaces = namespacesOf(membership?.network, primary?.cluster);
  await applyObjects(client, [...namespaces, ...istioCrds]);
  if (membership !== undefined && primary === undefined)
    await plugAuthority(client, membership, clock);
  const rootCertificate = pki.authority.certificate;
  const caches = await startControllers({ ...common, rootCertificate });
  const agents = await startNodeAgents({
    ...common,
    caches,
    network,
    state,
    tokens: pki.tokens,
    images: interior.images,
    membership,
    gateway: { host: localhost, held: interior.gatewayPort },
  });
  const now = `${new Date(clock.nowMs()).toISOString().slice(0, 19)}Z`;
  await overwriteObjects(client, [
    node(network.nodeAddress, now, membership?.cluster),
    ...kubernetesService(network.serviceAddresses.first, { host: localhost, port }),
  ]);
  // Where the last run's eyes were, somebody else may listen now.
  await publishTelemetry(client, undefined);
  const { hasEyes = true } = options;
  const isKept = await keepsMeshConfig(client, hasEyes);
  const system = istioSystem({
    hasEyes,
    proxyImage: options.proxyImage,
    networkId: membership?.network,
    controlPlane:
      primary !== undefined ? 'elsewhere' : membership?.hasRemotes === true ? 'shared' : 'here',
  });
  await applyObjects(client, [
    telemetryService(),
    ...system.filter(({ kind }) => !(isKept && kind === 'ConfigMap')),
    ...(membership === undefined || primary !== undefined ? [] : membershipObjects(membership)),
  ]);
  if (membership !== undefined && primary !== undefined)
    await linkToPrimary(base, client, { cluster: membership.cluster, primary });
  return agents;
};

/** The control plane is in another cluster, which may come up after this one. */
const linkToPrimary = async (
  { state, clock, log, cleanup, options }: Foundation,
  client: KubeClient,
  { cluster, primary }: { readonly cluster: string; readonly primary: PrimaryCluster },
): Promise<void> => {
  const link = new PrimaryLink({
    ...{ client, primary, clock, log },
    secret: () => remoteSecret(loadKubeConfig(state.kubeconfig), cluster),
    connect: (kubeconfig) => createKubeClient(parseKubeConfig(kubeconfig)),
    onAbsence: (reason) =>
      options.onProgress({
        kind: 'warning',
        what: 'control plane',
        detail: `cluster ${primary.cluster} does not answer yet: ${reason}`,
      }),
  });
  cleanup.add(() => link.stop());
  await link.start();
};

const needPrivileges = /need privileges$/;

/** What makes external addresses answer on port 80, as tutorials ask them to. */
const privilegeAdvice =
  '; allow them with "sudo sysctl net.ipv4.ip_unprivileged_port_start=80", or use the URL of the gateway';

/** One line however many there are: kubectl get events has them all. */
const failureNote = (failures: readonly BindFailure[]): ProgressNote => {
  const [first] = failures;
  const more = failures.length > 1 ? ` and ${failures.length - 1} more` : '';
  const advice = needPrivileges.test(first?.reason ?? '') ? privilegeAdvice : '';
  const detail = `cannot listen on ${first?.address}${more}: ${first?.reason}${advice}`;
  return { kind: 'warning', what: 'services', detail };
};

const lifecycle = (
  { cleanup, options }: Foundation,
  agents: NodeAgents,
): Pick<Cluster, 'untilReady' | 'untilAppsReady' | 'stop'> => ({
  untilAppsReady: (namespace, apps, signal) =>
    untilAppsReady({ pods: agents.caches.pods, namespace, apps, signal }),
  untilReady: async (signal) => {
    const { pods } = agents.caches;
    const primary = options.membership?.primary;
    const apps = primary === undefined ? ownApps : remoteApps;
    await untilAppsReady({ pods, namespace: 'istio-system', apps, signal });
    if (signal.aborted) return;
    const failures = agents.serviceProxy.failures();
    if (failures.length > 0) options.onProgress(failureNote(failures));
    options.onProgress({
      kind: 'done',
      what: 'control plane',
      detail:
        primary === undefined
          ? 'istiod and gateways ready'
          : `gateway ready; istiod is that of ${primary.cluster}`,
    });
  },
  stop: () => cleanup.run(),
});
