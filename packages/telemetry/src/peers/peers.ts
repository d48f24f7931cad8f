import type { Clock } from '@lateen/base';
import type { MeshPlace } from '../clusters/other-clusters.ts';
import { Peer } from './peer.ts';

/** The eyes of the other clusters of the mesh, as they are now. */
export class Peers {
  readonly #place: MeshPlace['eyes'];
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #peers = new Map<string, Peer>();

  /** `place` undefined: there are no others. `onChange`: one begins to answer, or to be silent. */
  constructor(place: MeshPlace['eyes'], clock: Clock, onChange: () => void) {
    this.#place = place;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Those there are; who left the mesh is forgotten. */
  all(): readonly Peer[] {
    const addresses = this.#place?.others() ?? [];
    const named = new Set(addresses.map(({ cluster }) => cluster));
    for (const [cluster, peer] of this.#peers) {
      if (named.has(cluster)) continue;
      peer.close();
      this.#peers.delete(cluster);
    }
    return addresses.map((address) => {
      const known =
        this.#peers.get(address.cluster) ?? new Peer(address, this.#clock, this.#onChange);
      this.#peers.set(address.cluster, known);
      return known;
    });
  }

  /** Answers by cluster, without those that do not answer. Times as `Peer.ask` has them. */
  async askAll<T>(path: string, timeoutMs?: number): Promise<ReadonlyMap<string, T>> {
    const answers = await Promise.all(
      this.all().map(
        async (peer) => [peer.address.cluster, await peer.ask(path, timeoutMs)] as const,
      ),
    );
    return new Map(
      answers.flatMap(([cluster, answer]) =>
        answer === undefined ? [] : [[cluster, answer as T]],
      ),
    );
  }

  /** Clusters that do not answer, and why; each is tried again beside. */
  unreachable(): readonly { readonly cluster: string; readonly reason: string }[] {
    return this.all().flatMap((peer) => {
      peer.probe();
      const { problem, address } = peer;
      return problem === '' ? [] : [{ cluster: address.cluster, reason: problem }];
    });
  }

  close(): void {
    for (const peer of this.#peers.values()) peer.close();
  }
}
