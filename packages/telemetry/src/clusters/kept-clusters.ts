import type { KubeObject } from '@lateen/api';
import type { Clock } from '@lateen/base';
import { isKubeError, type KubeClient, resources } from '@lateen/kube';
import { remoteSecretLabel } from '@lateen/pilot';
import type { Eyes } from '../eyes.ts';
import { readConfigMaps, rootNamespace } from './cluster-objects.ts';
import { joinClusters, type MeshClusters } from './mesh-clusters.ts';
import {
  type KnownCluster,
  knownCluster,
  type MeshPlace,
  type OtherClusters,
  readOtherClusters,
  withoutSecrets,
} from './other-clusters.ts';

/** People ask again with every letter they type, and other clusters change seldom. */
const keepMs = 10_000;

interface Kept {
  readonly readMs: number;
  /** What its own Secrets say, without what is in them. */
  readonly entries: KnownCluster['entries'];
  readonly others: Promise<OtherClusters>;
}

/** The other clusters of a mesh whose own one is followed anyway. */
export class KeptClusters {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #place: MeshPlace | undefined;
  #kept: Kept | undefined;

  /** `place` names others besides those of its Secrets. */
  constructor({ client, clock, place }: Pick<Eyes, 'client' | 'clock' | 'place'>) {
    this.#client = client;
    this.#clock = clock;
    this.#place = place;
  }

  /** The mesh with these objects in its own cluster, which is called `name` unless it says otherwise. */
  async mesh(objects: readonly KubeObject[], name: string): Promise<MeshClusters> {
    const { entries, others } = await this.#read(objects, name);
    const read = { objects, ...readConfigMaps(objects), secrets: [], hasRules: true };
    return joinClusters({ ...knownCluster(read, name), entries }, await others);
  }

  async #read(objects: readonly KubeObject[], name: string): Promise<Kept> {
    const nowMs = this.#clock.nowMs();
    if (this.#kept !== undefined && nowMs - this.#kept.readMs < keepMs) return this.#kept;
    const secrets = await this.#secrets();
    const own = knownCluster({ objects, ...readConfigMaps([]), secrets, hasRules: true }, name);
    const others = readOtherClusters(Promise.resolve(own), {
      others: this.#place?.others() ?? [],
    });
    const { entries } = withoutSecrets(own);
    this.#kept = { readMs: nowMs, entries, others };
    return this.#kept;
  }

  async #secrets(): Promise<readonly KubeObject[] | undefined> {
    const labelSelector = `${remoteSecretLabel}=true`;
    try {
      const { items } = await this.#client.list(resources.secrets, {
        namespace: rootNamespace,
        labelSelector,
      });
      return items;
    } catch (error) {
      if (isKubeError(error, 'not-found')) return [];
      if (isKubeError(error, 'forbidden')) return undefined;
      throw error;
    }
  }
}
