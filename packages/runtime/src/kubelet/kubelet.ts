import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigMap, Pod, Secret } from '@lateen/api';
import type { Informer, InformerChange } from '@lateen/kube';
import type { KubeletContext } from './kubelet-context.ts';
import { PodWorker } from './pod-worker.ts';

/** What a supervisor that ends gives its containers before it kills them. */
const shutdownGraceMs = 1_500;

export interface KubeletOptions {
  readonly context: KubeletContext;
  readonly nodeName: string;
  readonly pods: Informer<Pod>;
  readonly configMaps: Informer<ConfigMap>;
  readonly secrets: Informer<Secret>;
}

const isFinished = ({ status }: Pod): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed';

const refersTo = (pod: Pod, kind: 'configMap' | 'secret', name: string): boolean =>
  (pod.spec.volumes ?? []).some((volume) => {
    const sources = volume.projected?.sources ?? [];
    const direct = kind === 'configMap' ? volume.configMap?.name : volume.secret?.secretName;
    return direct === name || sources.some((source) => source[kind]?.name === name);
  });

/** Runs the pods of one node. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #workers = new Map<string, PodWorker>();
  readonly #ending = new Set<Promise<void>>();
  #unsubscribe: readonly (() => void)[] = [];

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  /** Starts with what the caches hold: call when they are complete. */
  async start(): Promise<void> {
    const { pods, configMaps, secrets } = this.#options;
    await this.#removeOldFolders();
    this.#unsubscribe = [
      pods.onChange((change) => this.#onPod(change)),
      // Also those that are new: a volume may name them as optional.
      configMaps.onChange(({ after }) => {
        if (after !== undefined) this.#refresh('configMap', after);
      }),
      secrets.onChange(({ after }) => {
        if (after !== undefined) this.#refresh('secret', after);
      }),
    ];
  }

  /** The pod of a name, if it runs here. */
  worker(namespace: string, name: string): PodWorker | undefined {
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      if (metadata.namespace === namespace && metadata.name === name) return worker;
    }
    return undefined;
  }

  /** Ends all processes; the objects stay as they are. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    const stops = [...this.#workers.values()].map((worker) => worker.stop(shutdownGraceMs));
    await Promise.all([...stops, ...this.#ending]);
  }

  #onPod({ before, after }: InformerChange<Pod>): void {
    const uid = (after ?? before)?.metadata.uid ?? '';
    // A pod deleted and made again under the same name comes as one change.
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid)
      this.#forget(before.metadata.uid ?? '');
    if (after === undefined || after.spec.nodeName !== this.#options.nodeName) return;
    const worker = this.#workers.get(uid);
    if (worker !== undefined) worker.update(after);
    else this.#begin(uid, after);
  }

  #begin(uid: string, pod: Pod): void {
    const worker = new PodWorker(pod, this.#options.context);
    this.#workers.set(uid, worker);
    const deleted = pod.metadata.deletionTimestamp !== undefined;
    if (deleted) worker.update(pod);
    else if (!isFinished(pod)) worker.start();
  }

  #forget(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    this.#workers.delete(uid);
    const end = worker.abandon().finally(() => this.#ending.delete(end));
    this.#ending.add(end);
  }

  #refresh(kind: 'configMap' | 'secret', source: ConfigMap | Secret): void {
    const { name, namespace } = source.metadata;
    for (const worker of this.#workers.values())
      if (worker.pod.metadata.namespace === namespace && refersTo(worker.pod, kind, name))
        void worker.refreshVolumes();
  }

  /** Of pods that were deleted while no supervisor ran. */
  async #removeOldFolders(): Promise<void> {
    const { podsFolder } = this.#options.context;
    await mkdir(podsFolder, { recursive: true, mode: 0o700 });
    const known = new Set(this.#options.pods.list().map(({ metadata }) => metadata.uid));
    for (const uid of await readdir(podsFolder))
      if (!known.has(uid)) await rm(join(podsFolder, uid), { recursive: true, force: true });
  }
}
