import { existsSync } from 'node:fs';
import { type Duplex, Readable } from 'node:stream';
import type { Pod } from '@lateen/api';
import {
  ApiError,
  type ExecOptions,
  type ExecSession,
  type LogOptions,
  type PodBackend,
  type PodRef,
} from '@lateen/apiserver';
import type { Clock } from '@lateen/base';
import { podSocketPath } from '../bootstrap/pod-socket.ts';
import type { ContainerAttempt } from '../kubelet/container-attempt.ts';
import type { ContainerRunner } from '../kubelet/container-runner.ts';
import type { Kubelet } from '../kubelet/kubelet.ts';
import type { PodWorker } from '../kubelet/pod-worker.ts';
import { readLog } from '../logs/log-reader.ts';
import { connectTcp } from '../network/tcp-relay.ts';
import { reasonOf } from '../runtime-error.ts';
import { startExec } from './exec-session.ts';

const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

const containerNames = ({ spec }: Pod): readonly string[] =>
  [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);

const chooseContainer = (pod: Pod, wanted: string | undefined): string => {
  const { name } = pod.metadata;
  const all = containerNames(pod);
  const chosen =
    wanted ||
    (pod.metadata.annotations?.[defaultContainerAnnotation] ?? pod.spec.containers[0]?.name);
  if (chosen === undefined || !all.includes(chosen))
    throw new ApiError('BadRequest', `container ${chosen} is not valid for pod ${name}`);
  const open = wanted || pod.metadata.annotations?.[defaultContainerAnnotation];
  if (!open && pod.spec.containers.length > 1)
    throw new ApiError(
      'BadRequest',
      `a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`,
    );
  return chosen;
};

const sinceMs = (options: LogOptions, clock: Clock): number | undefined => {
  if (options.sinceSeconds !== undefined) return clock.nowMs() - options.sinceSeconds * 1_000;
  if (options.sinceTime === undefined) return undefined;
  const time = Date.parse(options.sinceTime);
  return Number.isNaN(time) ? undefined : time;
};

/** Logs, exec, attach and connections for the API server, from the kubelet beside it. */
export class KubeletPodBackend implements PodBackend {
  readonly #kubelet: () => Kubelet | undefined;
  readonly #clock: Clock;

  /** The kubelet comes after the API server it is a client of. */
  constructor(kubelet: () => Kubelet | undefined, clock: Clock) {
    this.#kubelet = kubelet;
    this.#clock = clock;
  }

  async logs(ref: PodRef, options: LogOptions): Promise<Readable> {
    const worker = this.#worker(ref);
    const container = chooseContainer(worker.pod, ref.container);
    const runner = worker.runner(container);
    const statuses = worker.pod.status?.containerStatuses ?? [];
    const known = statuses.find(({ name }) => name === container)?.restartCount ?? 0;
    const attempt = (runner?.restartCount ?? known) - (options.previous ? 1 : 0);
    const path = worker.logPath(container, attempt);
    if (!existsSync(path)) throw this.#noLog(worker, container, options);
    const stop = new AbortController();
    const since = sinceMs(options, this.#clock);
    const lines = readLog(path, options.previous ? undefined : runner?.attempt?.log, {
      follow: options.follow,
      timestamps: options.timestamps,
      signal: stop.signal,
      ...(options.tailLines !== undefined && { tailLines: options.tailLines }),
      ...(options.limitBytes !== undefined && { limitBytes: options.limitBytes }),
      ...(since !== undefined && { sinceMs: since }),
    });
    const stream = Readable.from(lines, { objectMode: false });
    stream.once('close', () => stop.abort());
    return stream;
  }

  async exec(ref: PodRef, options: ExecOptions): Promise<ExecSession> {
    const { attempt } = this.#running(ref);
    const { tty, stdin, command } = options;
    if (command.length === 0) throw new ApiError('BadRequest', 'you must specify a command');
    try {
      return await startExec(attempt.command, command, { tty, stdin });
    } catch (error) {
      throw new ApiError('InternalError', reasonOf(error));
    }
  }

  async attach(ref: PodRef, options: ExecOptions): Promise<ExecSession> {
    const { attempt } = this.#running(ref);
    const { stdout, stderr } = attempt.attach();
    return {
      stdin: options.stdin ? attempt.stdin : undefined,
      stdout,
      stderr: options.stderr ? stderr : undefined,
      exit: attempt.ended.then(({ exitCode }) => exitCode),
      resize: (columns, rows) => attempt.terminal?.resize(columns, rows),
      // The container goes on without whoever looked at it.
      kill: () => {
        stdout.destroy();
        stderr?.destroy();
      },
    };
  }

  async dial(ref: PodRef, port: number): Promise<Duplex> {
    const { site, pod } = this.#worker(ref);
    if (site === undefined)
      throw new ApiError('BadRequest', `pod ${pod.metadata.name} is not running`);
    // What a real pod has on its localhost only is a socket here.
    const local = podSocketPath(site.folder, port);
    const own = site.ports.all().get(port);
    const host = own === undefined ? site.addresses.podAddress : '127.0.0.1';
    try {
      return await connectTcp(existsSync(local) ? { path: local } : { host, port: own ?? port });
    } catch (error) {
      throw new ApiError(
        'ServiceUnavailable',
        `cannot connect to port ${port} of pod ${pod.metadata.name}: ${reasonOf(error)}`,
      );
    }
  }

  #worker({ namespace, name }: PodRef): PodWorker {
    const kubelet = this.#kubelet();
    if (kubelet === undefined)
      throw new ApiError('ServiceUnavailable', 'the node is starting: try again in a moment');
    const worker = kubelet.worker(namespace, name);
    if (worker === undefined)
      throw new ApiError('NotFound', `pods "${name}" not found`, { name, kind: 'pods' });
    return worker;
  }

  #running(ref: PodRef): { runner: ContainerRunner; attempt: ContainerAttempt } {
    const worker = this.#worker(ref);
    const container = chooseContainer(worker.pod, ref.container);
    const runner = worker.runner(container);
    const attempt = runner?.attempt;
    if (runner?.running !== true || attempt === undefined)
      throw new ApiError('BadRequest', `container ${container} of pod ${ref.name} is not running`);
    return { runner, attempt };
  }

  #noLog(worker: PodWorker, container: string, { previous }: LogOptions): ApiError {
    const { name } = worker.pod.metadata;
    if (previous)
      return new ApiError(
        'BadRequest',
        `previous terminated container "${container}" in pod "${name}" not found`,
      );
    const reason = worker.runner(container)?.status.state?.waiting?.reason ?? 'ContainerCreating';
    return new ApiError(
      'BadRequest',
      `container "${container}" in pod "${name}" is waiting to start: ${reason}`,
    );
  }
}
