import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Container,
  ContainerState,
  ContainerStatus,
  LifecycleHandler,
  Pod,
} from '@lateen/api';
import { isKubeError, resources } from '@lateen/kube';
import { runToEnd } from '../pod-access/exec-session.ts';
import { RuntimeError, reasonOf } from '../runtime-error.ts';
import { annotateAnswers } from './answer-annotation.ts';
import { ConfigMissing } from './config-source.ts';
import { ContainerRunner, type RestartPolicy } from './container-runner.ts';
import type { KubeletContext } from './kubelet-context.ts';
import { PodForwarders } from './pod-forwarders.ts';
import { PodPorts, portNumber } from './pod-ports.ts';
import { podStatus } from './pod-status.ts';
import { PodTokens } from './pod-tokens.ts';
import { materializeVolumes } from './pod-volumes.ts';
import { httpGet, type ProbeTarget } from './probe.ts';
import { fullImageName, type PodSite, processCommand } from './process-command.ts';

/** Changes of containers within this time become one write of the status. */
const statusDelayMs = 5;
/** How soon a volume whose source is missing, or a status that could not be written, is tried again. */
const retryMs = 1_000;
/** Kubernetes' default terminationGracePeriodSeconds. */
const defaultGraceSeconds = 30;
/** A hook may take this long when nothing else bounds it. */
const hookTimeoutMs = 30_000;

const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** How a container went on while nobody looked: it counts as a restart, as after a node's reboot. */
const afterRestart = (
  status: ContainerStatus | undefined,
  now: string,
): { restartCount: number; lastState: ContainerState } => {
  if (status === undefined) return { restartCount: 0, lastState: {} };
  const { state, restartCount, lastState = {} } = status;
  if (state?.running === undefined && state?.terminated === undefined)
    return { restartCount, lastState };
  const terminated = state.terminated ?? {
    exitCode: 255,
    reason: 'Unknown',
    startedAt: state.running?.startedAt ?? now,
    finishedAt: now,
  };
  return { restartCount: restartCount + 1, lastState: { terminated } };
};

/** One pod of this node: its folder, address, containers and status, from first sight to its end. */
export class PodWorker {
  readonly #context: KubeletContext;
  readonly #stop = new AbortController();
  readonly #startTime: string;
  #pod: Pod;
  #site: PodSite | undefined;
  #forwarders: PodForwarders | undefined;
  #init: readonly ContainerRunner[] = [];
  #containers: readonly ContainerRunner[] = [];
  #initialized = false;
  #published = '';
  #publishing: Promise<void> | undefined;
  #publishAgain = false;
  #cancelPublish: (() => void) | undefined;
  #setup: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #detached = false;
  readonly #tokens: PodTokens;
  #refreshing: Promise<void> = Promise.resolve();
  /** A source changed before the containers ran. */
  #isStale = false;
  #cancelTokenRefresh: (() => void) | undefined;

  constructor(pod: Pod, context: KubeletContext) {
    this.#pod = pod;
    this.#context = context;
    this.#tokens = new PodTokens(context.config, context.clock);
    this.#startTime = pod.status?.startTime ?? timeOf(context.clock.nowMs());
  }

  get pod(): Pod {
    return this.#pod;
  }

  get site(): PodSite | undefined {
    return this.#site;
  }

  runner(container: string): ContainerRunner | undefined {
    return [...this.#init, ...this.#containers].find(
      (runner) => runner.container.name === container,
    );
  }

  /** Log file of one start of a container. */
  logPath(container: string, attempt: number): string {
    return join(this.#folder, container, `${attempt}.log`);
  }

  start(): void {
    this.#setup ??= this.#run().catch((error: unknown) => {
      this.#context.log.error('pod failed', { pod: this.#name, reason: reasonOf(error) });
    });
  }

  /** A new version of the object: labels, deletion; the spec of a pod does not change. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.#terminate();
  }

  /** Brings mounted ConfigMaps, Secrets and tokens up to date; one call after the other. */
  refreshVolumes(): Promise<void> {
    this.#refreshing = this.#refreshing.then(() => this.#refreshOnce());
    return this.#refreshing;
  }

  async #refreshOnce(): Promise<void> {
    const site = this.#site;
    if (this.#stop.signal.aborted) return;
    if (site === undefined || !this.#initialized) {
      this.#isStale = true;
      return;
    }
    try {
      const { config } = this.#context;
      await materializeVolumes({ ...site, pod: this.#pod, config, tokens: this.#tokens });
    } catch (error) {
      this.#note('Warning', 'FailedMount', reasonOf(error));
    }
    this.#refreshTokensLater();
  }

  #refreshTokensLater(): void {
    this.#cancelTokenRefresh?.();
    const { renewAtMs } = this.#tokens;
    if (renewAtMs === undefined || this.#stop.signal.aborted) return;
    const { clock } = this.#context;
    const waitMs = Math.max(retryMs, renewAtMs - clock.nowMs());
    this.#cancelTokenRefresh = clock.schedule(waitMs, () => void this.refreshVolumes());
  }

  /** The object is gone from the API: end at once, write nothing. */
  async abandon(): Promise<void> {
    this.#detached = true;
    await this.stop(0);
    await this.#cleanUp();
  }

  /** Ends the containers and leaves the object as it is, to be run again by the next supervisor. */
  async stop(graceMs: number): Promise<void> {
    this.#detached = true;
    this.#cancelPublish?.();
    await this.#stopContainers(graceMs);
    this.#forwarders?.close();
  }

  get #name(): string {
    return `${this.#pod.metadata.namespace}/${this.#pod.metadata.name}`;
  }

  get #folder(): string {
    return join(this.#context.podsFolder, this.#pod.metadata.uid ?? this.#pod.metadata.name);
  }

  #note(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.record(this.#pod, { type, reason, message });
  }

  async #run(): Promise<void> {
    const site = await this.#prepareSite();
    this.#site = site;
    this.#createRunners(site);
    this.#publishSoon();
    await this.#mountVolumes(site);
    if (this.#stop.signal.aborted) return;
    this.#forwarders = await PodForwarders.open(site, this.#context);
    for (const port of this.#forwarders.failed)
      this.#note('Warning', 'FailedForward', `cannot listen on ${port}`);
    if (!(await this.#runInitContainers())) return;
    this.#initialized = true;
    if (this.#isStale) void this.refreshVolumes();
    this.#refreshTokensLater();
    for (const runner of this.#containers) runner.run();
    this.#publishSoon();
  }

  async #prepareSite(): Promise<PodSite> {
    const { podAddresses, network, catalog } = this.#context;
    const pod = this.#pod;
    const podAddress = podAddresses.claim(pod.metadata.uid ?? this.#name, pod.status?.podIP);
    if (podAddress === undefined)
      throw new RuntimeError('no-free-port', 'no pod address is left in this cluster');
    const folder = this.#folder;
    for (const name of ['home', 'tmp', 'volumes'])
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    const isApp = ({ image = '' }: Container): boolean =>
      catalog.find(image)?.program === undefined;
    const ports = await PodPorts.claim(pod, isApp, () => network.claimAppPort());
    return { pod, folder, ports, addresses: { podAddress, nodeAddress: network.nodeAddress } };
  }

  #createRunners(site: PodSite): void {
    const { initContainers = [], containers, restartPolicy = 'Always' } = site.pod.spec;
    const initPolicy = restartPolicy === 'Never' ? 'Never' : 'OnFailure';
    this.#init = initContainers.map((container) =>
      this.#runnerOf(site, container, container.restartPolicy === 'Always' ? 'Always' : initPolicy),
    );
    this.#containers = containers.map((container) =>
      this.#runnerOf(site, container, restartPolicy),
    );
  }

  #runnerOf(site: PodSite, container: Container, restartPolicy: RestartPolicy): ContainerRunner {
    const context = this.#context;
    const { status } = site.pod;
    const known = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const before = known.find(({ name }) => name === container.name);
    const target = this.#probeTarget(site, container);
    return new ContainerRunner({
      container,
      restartPolicy,
      target,
      ...afterRestart(before, timeOf(context.clock.nowMs())),
      clock: context.clock,
      startGate: context.startGate,
      urgent: site.pod.metadata.namespace === 'istio-system',
      image: fullImageName(container.image ?? ''),
      prepare: async () => {
        await this.#prepareLogFolder(container.name);
        const command = await processCommand({ ...site, pod: this.#pod }, container, context);
        await this.#noteAnswers();
        return command;
      },
      logPath: (attempt) => this.logPath(container.name, attempt),
      runHook: (kind) => this.#runHook(container, container.lifecycle?.[kind], target),
      onChange: () => this.#publishSoon(),
      onEvent: (note) => context.events.record(this.#pod, note),
    });
  }

  /** Nothing depends on it: a container starts all the same. */
  async #noteAnswers(): Promise<void> {
    try {
      await annotateAnswers(this.#pod, this.#context);
    } catch (error) {
      this.#context.log.warn('pod is not annotated', { pod: this.#name, reason: reasonOf(error) });
    }
  }

  /** Logs of the run before this one are kept for `kubectl logs --previous`, older ones are not. */
  async #prepareLogFolder(container: string): Promise<void> {
    const folder = join(this.#folder, container);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const newest = this.runner(container)?.restartCount ?? 0;
    for (const file of await readdir(folder))
      if (Number.parseInt(file, 10) < newest - 1) await rm(join(folder, file), { force: true });
  }

  #probeTarget(site: PodSite, container: Container): ProbeTarget {
    return {
      address: (port) => {
        const number = portNumber(container, port);
        if (number === undefined) return undefined;
        const own = site.ports.all().get(number);
        return own === undefined
          ? { host: site.addresses.podAddress, port: number }
          : { host: '127.0.0.1', port: own };
      },
      exec: async (command, timeoutMs) => {
        const attempt = this.runner(container.name)?.attempt;
        if (attempt === undefined) return { exitCode: 126, output: 'container not running' };
        return runToEnd(attempt.command, command, timeoutMs);
      },
    };
  }

  async #runHook(
    container: Container,
    hook: LifecycleHandler | undefined,
    target: ProbeTarget,
  ): Promise<void> {
    if (hook?.exec !== undefined) {
      const { exitCode, output } = await target.exec(hook.exec.command ?? [], hookTimeoutMs);
      if (exitCode !== 0)
        throw new Error(`hook of ${container.name} exited ${exitCode}: ${output}`);
    } else if (hook?.httpGet !== undefined) {
      const { ok, message } = await httpGet(hook.httpGet, target, hookTimeoutMs);
      if (!ok) throw new Error(message);
    } else if (hook?.sleep !== undefined) await this.#pause(hook.sleep.seconds * 1_000);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#context.clock.schedule(delayMs, resolve);
    });
  }

  async #mountVolumes(site: PodSite): Promise<void> {
    while (!this.#stop.signal.aborted)
      try {
        const { config } = this.#context;
        await materializeVolumes({ ...site, config, tokens: this.#tokens });
        return;
      } catch (error) {
        if (!(error instanceof ConfigMissing)) throw error;
        this.#note('Warning', 'FailedMount', `MountVolume.SetUp failed: ${error.message}`);
        await this.#pause(retryMs);
      }
  }

  /** One after the other; sidecars only have to start. False when the pod ends here. */
  async #runInitContainers(): Promise<boolean> {
    for (const runner of this.#init) {
      if (this.#stop.signal.aborted) return false;
      runner.run();
      if (runner.container.restartPolicy === 'Always') {
        await Promise.race([runner.started, runner.finished]);
        continue;
      }
      const { exitCode } = await runner.finished;
      if (exitCode !== 0) return false;
    }
    return !this.#stop.signal.aborted;
  }

  #terminate(): void {
    this.#ending ??= this.#endGracefully().catch((error: unknown) => {
      this.#context.log.error('pod cannot be ended', { pod: this.#name, reason: reasonOf(error) });
    });
  }

  async #endGracefully(): Promise<void> {
    const { metadata, spec } = this.#pod;
    const graceSeconds =
      metadata.deletionGracePeriodSeconds ??
      spec.terminationGracePeriodSeconds ??
      defaultGraceSeconds;
    this.#publishSoon();
    await this.#stopContainers(graceSeconds * 1_000);
    this.#detached = true;
    this.#cancelPublish?.();
    await this.#publishing;
    await this.#cleanUp();
    await this.#deleteObject();
  }

  /** Apps first, then sidecars that were started before them. */
  async #stopContainers(graceMs: number): Promise<void> {
    this.#stop.abort();
    this.#cancelTokenRefresh?.();
    const apps = Promise.all(this.#containers.map((runner) => runner.stop(graceMs)));
    await apps;
    await Promise.all(this.#init.map((runner) => runner.stop(graceMs)));
    await this.#setup;
  }

  async #cleanUp(): Promise<void> {
    const { network, podAddresses } = this.#context;
    this.#forwarders?.close();
    for (const port of this.#site?.ports.claimed() ?? []) network.releaseAppPort(port);
    podAddresses.release(this.#pod.metadata.uid ?? this.#name);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #deleteObject(): Promise<void> {
    const { name, namespace, uid } = this.#pod.metadata;
    for (;;)
      try {
        await this.#context.client.delete(resources.pods, {
          name,
          namespace,
          gracePeriodSeconds: 0,
          ...(uid !== undefined && { uid }),
        });
        return;
      } catch (error) {
        if (isKubeError(error, 'not-found', 'conflict', 'aborted')) return;
        await this.#pause(retryMs);
      }
  }

  #publishSoon(): void {
    if (this.#detached || this.#cancelPublish !== undefined) return;
    this.#cancelPublish = this.#context.clock.schedule(statusDelayMs, () => {
      this.#cancelPublish = undefined;
      if (this.#publishing === undefined)
        this.#publishing = this.#publish().finally(() => {
          this.#publishing = undefined;
        });
      else this.#publishAgain = true;
    });
  }

  async #publish(): Promise<void> {
    do {
      this.#publishAgain = false;
      const status = podStatus({
        pod: this.#pod,
        addresses: this.#site?.addresses,
        initStatuses: this.#init.map((runner) => runner.status),
        statuses: this.#containers.map((runner) => runner.status),
        initialized: this.#initialized,
        now: timeOf(this.#context.clock.nowMs()),
        startTime: this.#startTime,
      });
      const text = JSON.stringify(status);
      if (text !== this.#published && (await this.#write({ status }))) this.#published = text;
    } while (this.#publishAgain && !this.#detached);
  }

  async #write(body: object): Promise<boolean> {
    const { name, namespace } = this.#pod.metadata;
    try {
      const request = { kind: 'merge', name, namespace, body, subresource: 'status' } as const;
      this.#pod = await this.#context.client.patch<Pod>(resources.pods, request);
      return true;
    } catch (error) {
      if (!isKubeError(error, 'not-found', 'aborted'))
        this.#context.clock.schedule(retryMs, () => this.#publishSoon());
      return false;
    }
  }
}
