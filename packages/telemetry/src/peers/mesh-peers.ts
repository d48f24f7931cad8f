import type { Clock } from '@lateen/base';
import type { MeshPlace } from '../clusters/other-clusters.ts';
import type { SeriesStore } from '../metrics/series-store.ts';
import type { TraceStore } from '../traces/trace-store.ts';
import { PeerRounds } from './peer-rounds.ts';
import { PeerTraces } from './peer-traces.ts';
import { Peers } from './peers.ts';

/** The eyes of the other clusters, and what they tell. */
export interface MeshPeers {
  readonly peers: Peers;
  readonly peerRounds: PeerRounds;
  readonly peerTraces: PeerTraces;
}

/** Follows the others of a place; undefined: there are none. `onNew`: spans came while nobody asked; `onChange`: one begins to answer, or to be silent. */
export const meshPeers = (
  place: MeshPlace | undefined,
  { store, traces }: { readonly store: SeriesStore; readonly traces: TraceStore },
  {
    clock,
    onNew,
    onChange,
  }: { readonly clock: Clock; readonly onNew: () => void; readonly onChange: () => void },
): MeshPeers => {
  const peers = new Peers(place?.eyes, clock, onChange);
  return {
    peers,
    peerRounds: new PeerRounds(peers, store, clock),
    peerTraces: new PeerTraces(peers, traces, { clock, onNew }),
  };
};
