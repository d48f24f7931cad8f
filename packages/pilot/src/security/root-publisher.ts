import type { ConfigMap, KubeObject, Namespace } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { splitCertificates } from '@lateen/identity';
import { type Informer, isKubeError, type KubeClient, resources, WorkQueue } from '@lateen/kube';
import type { MeshAuthority, PublishedRoot } from './mesh-authority.ts';

/** Istio's ConfigMap with the roots of the mesh, in every namespace. */
export const rootConfigMapName = 'istio-ca-root-cert';
const rootKey = 'root-cert.pem';
/**
 * Which of the roots end when: a JSON list of milliseconds since the epoch, null for those in use.
 * Those of other meshes have ended long ago: to an istiod that starts they are none of its own.
 */
const endsAnnotation = 'lateen.dev/root-ends';
const foreignEndMs = 0;
/** Namespaces of the cluster itself, which Istio leaves alone. */
const ignoredNamespaces: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];

export interface RootPublisherOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly authority: MeshAuthority;
  readonly namespaces: Informer<KubeObject>;
  /** ConfigMaps of this name in all namespaces. */
  readonly configMaps: Informer<ConfigMap>;
}

const parseEnds = (text: string | undefined): readonly unknown[] => {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
};

/** What such a ConfigMap tells an istiod that starts. */
export const publishedRoots = (configMap: ConfigMap | undefined): readonly PublishedRoot[] => {
  const ends = parseEnds(configMap?.metadata.annotations?.[endsAnnotation]);
  return splitCertificates(configMap?.data?.[rootKey] ?? '').map((root, index) => {
    const end = ends[index];
    return { root, untilMs: typeof end === 'number' ? end : undefined };
  });
};

/**
 * Which roots, and which of them are on their way out. Not their order nor the exact ends: several
 * istiods that rotate at about the same time would overwrite each other for ever.
 */
const contentOf = (roots: readonly PublishedRoot[]): string =>
  roots
    .map(({ root, untilMs }) => `${root}${untilMs === undefined}`)
    .sort()
    .join();

/** Keeps the roots in every namespace, whatever happens to them there (istiod's namespace controller). */
export class RootPublisher {
  readonly #options: RootPublisherOptions;
  readonly #queue: WorkQueue;
  #unsubscribe: readonly (() => void)[] = [];

  constructor(options: RootPublisherOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'root-publisher',
      clock: options.clock,
      log: options.log,
      reconcile: (namespace) => this.#publish(namespace),
    });
  }

  start(): void {
    const { authority, namespaces, configMaps } = this.#options;
    this.#unsubscribe = [
      namespaces.onChange(({ after }) => {
        if (after !== undefined) this.#queue.add(after.metadata.name);
      }),
      configMaps.onChange(({ before, after }) => {
        const namespace = (after ?? before)?.metadata.namespace;
        if (namespace !== undefined) this.#queue.add(namespace);
      }),
      authority.onChange(() => {
        for (const { metadata } of namespaces.list()) this.#queue.add(metadata.name);
      }),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#queue.stop();
  }

  async #publish(namespace: string): Promise<void> {
    const { client, log, authority, configMaps, namespaces } = this.#options;
    const object = namespaces.get(namespace) as Namespace | undefined;
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    if (ignoredNamespaces.includes(namespace)) return;
    const own = new Set(authority.roots);
    const wanted = authority.trustedRoots.map((root) => ({
      root,
      untilMs: own.has(root)
        ? authority.retired.find((one) => one.root === root)?.untilMs
        : foreignEndMs,
    }));
    const present = publishedRoots(configMaps.get(rootConfigMapName, namespace));
    if (contentOf(present) === contentOf(wanted)) return;
    try {
      await client.patch(resources.configMaps, {
        kind: 'apply',
        name: rootConfigMapName,
        namespace,
        fieldManager: 'istiod',
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name: rootConfigMapName,
            namespace,
            labels: { 'istio.io/config': 'true' },
            annotations: {
              [endsAnnotation]: JSON.stringify(wanted.map(({ untilMs }) => untilMs ?? null)),
            },
          },
          data: { [rootKey]: wanted.map(({ root }) => root).join('') },
        },
      });
    } catch (error) {
      // The namespace went meanwhile.
      if (isKubeError(error, 'not-found')) return;
      if (!isKubeError(error, 'forbidden')) throw error;
      log.warn('roots not published', { namespace, reason: String(error) });
    }
  }
}
