import type { LoadBalancing } from '@lateen/routing';
import { type EndpointShare, hashKey, hashOf, type LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { type Hash64, hashModulo, xxHash64 } from './xx-hash.ts';

type Maglev = Extract<LoadBalancing, { kind: 'maglev' }>;

interface Candidate {
  readonly endpoint: Endpoint;
  readonly key: string;
  readonly share: number;
  readonly offset: number;
  readonly skip: number;
  next: number;
  /** Rises by the largest share with each slot taken: smaller shares sit out rounds. */
  target: number;
}

/** Sorted by key: the table must not depend on the order endpoints come in. */
const candidates = (settings: Maglev, shares: readonly EndpointShare[]): readonly Candidate[] =>
  shares
    .map(({ endpoint, share }) => {
      const key = hashKey(endpoint, settings.consistentHashing.useHostname);
      return {
        endpoint,
        key,
        share,
        offset: hashModulo(xxHash64(key), settings.tableSize),
        skip: hashModulo(xxHash64(key, 1), settings.tableSize - 1) + 1,
        next: 0,
        target: 0,
      };
    })
    .sort((left, right) => (left.key < right.key ? -1 : Number(left.key > right.key)));

/** Takes the candidate's next free slot of the table. */
const fillSlot = (table: Int32Array, index: number, candidate: Candidate): void => {
  for (;;) {
    const slot = (candidate.offset + candidate.skip * candidate.next++) % table.length;
    if (table[slot] !== -1) continue;
    table[slot] = index;
    return;
  }
};

const fillTable = (size: number, all: readonly Candidate[]): Int32Array => {
  const table = new Int32Array(size).fill(-1);
  const largest = Math.max(...all.map(({ share }) => share));
  let filled = 0;
  for (let round = 1; filled < size; round++) {
    for (const [index, candidate] of all.entries()) {
      if (filled === size) break;
      if (round * candidate.share < candidate.target) continue;
      candidate.target += largest;
      fillSlot(table, index, candidate);
      filled++;
    }
  }
  return table;
};

/** Envoy: a repeated pick asks with another hash, changed in most bits. */
const repeated = ({ high, low }: Hash64, attempt: number): Hash64 =>
  attempt === 0 ? { high, low } : { high: ~high >>> 0, low: (low ^ -attempt) >>> 0 };

/** Maglev hashing (Eisenbud et al. 2016, section 3.4), filled slot by slot as Envoy does it. */
export const buildMaglev = (settings: Maglev, shares: readonly EndpointShare[]): LoadBalancer => {
  const all = candidates(settings, shares);
  const table = fillTable(settings.tableSize, all);
  return {
    pick: (context) => {
      const wanted = repeated(hashOf(context), context.attempt ?? 0);
      return all[table[hashModulo(wanted, table.length)] as number]?.endpoint;
    },
  };
};
