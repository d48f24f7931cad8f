import type { LoadBalancing } from '@lateen/routing';
import type { LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { hashText } from './hash.ts';
import { hashKey } from './ring-hash-balancer.ts';

type Maglev = Extract<LoadBalancing, { kind: 'maglev' }>;

interface Candidate {
  readonly index: number;
  readonly weight: number;
  readonly offset: number;
  readonly skip: number;
  next: number;
  filled: number;
}

const candidates = (settings: Maglev, endpoints: readonly Endpoint[]): readonly Candidate[] => {
  const most = Math.max(...endpoints.map(({ entry }) => entry.weight));
  return endpoints.map((endpoint, index) => {
    const key = hashKey(endpoint, settings.consistentHashing.useHostname);
    return {
      index,
      weight: endpoint.entry.weight / most,
      offset: hashText(key) % settings.tableSize,
      skip: (hashText(key, 1) % (settings.tableSize - 1)) + 1,
      next: 0,
      filled: 0,
    };
  });
};

/** Takes the candidate's next free slot of the table. */
const fillSlot = (table: Int32Array, candidate: Candidate): void => {
  for (;;) {
    const slot = (candidate.offset + candidate.skip * candidate.next++) % table.length;
    if (table[slot] !== -1) continue;
    table[slot] = candidate.index;
    candidate.filled++;
    return;
  }
};

/** Maglev hashing (Eisenbud et al. 2016, section 3.4), weighted as Envoy does it. */
export const buildMaglev = (settings: Maglev, endpoints: readonly Endpoint[]): LoadBalancer => {
  const table = new Int32Array(settings.tableSize).fill(-1);
  const all = candidates(settings, endpoints);
  let filled = 0;
  for (let round = 1; filled < table.length; round++) {
    for (const candidate of all) {
      if (filled === table.length) break;
      if (candidate.filled >= round * candidate.weight) continue;
      fillSlot(table, candidate);
      filled++;
    }
  }
  return {
    pick: ({ hash, dice }) => {
      const wanted = hash ?? dice(0x1_0000_0000);
      return endpoints[table[wanted % table.length] as number];
    },
  };
};
