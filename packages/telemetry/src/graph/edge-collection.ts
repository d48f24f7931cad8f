import { addCall, type Call, emptyCall } from './call.ts';
import type { GraphPlace, GraphPlaces } from './graph-place.ts';

/** Calls between two nodes, of one protocol. */
export interface CollectedEdge {
  readonly id: string;
  readonly source: GraphPlace;
  readonly target: GraphPlace;
  readonly call: Call;
  /** Volume by what it was sent to: the whole a share is of. */
  readonly volumes: Map<string, number>;
}

/** Edges of a graph, and the volumes that shares are part of. */
export interface EdgeCollection {
  readonly edges: ReadonlyMap<string, CollectedEdge>;
  /** By node and service. */
  readonly totals: ReadonlyMap<string, number>;
}

/** Requests, or bytes for TCP. */
const volumeOf = ({ protocol, requests, bytesOut, bytesIn }: Call): number =>
  protocol === 'tcp' ? bytesOut + bytesIn : requests;

const serviceKey = ({ service, protocol }: Call): string =>
  `${service.namespace}/${service.name}/${protocol}`;

/** `node service`: what a total is kept by. */
export const totalKey = (nodeId: string, service: string): string => `${nodeId} ${service}`;

/** The nodes a call goes over; with services between caller and workload when asked for. */
const hopsOf = (
  call: Call,
  places: GraphPlaces,
  withServices: boolean,
): readonly (readonly [GraphPlace, GraphPlace])[] => {
  const source = places.source(call.source);
  const target = places.target(call.target, call.service);
  if (!withServices || target.kind === 'service' || target.kind === 'external') {
    return [[source, target]];
  }
  const service = places.service(call.service, call.target);
  return service.kind === 'service'
    ? [
        [source, service],
        [service, target],
      ]
    : [[source, target]];
};

/** Puts calls on edges. */
export const collectEdges = (
  calls: readonly Call[],
  places: GraphPlaces,
  withServices: boolean,
): EdgeCollection => {
  const edges = new Map<string, CollectedEdge>();
  const totals = new Map<string, number>();
  for (const call of calls) {
    const volume = volumeOf(call);
    const service = serviceKey(call);
    for (const [source, target] of hopsOf(call, places, withServices)) {
      const id = `${source.id}|${target.id}|${call.protocol}`;
      const edge = edges.get(id) ?? {
        id,
        source,
        target,
        call: emptyCall(call),
        volumes: new Map(),
      };
      edges.set(id, edge);
      addCall(edge.call, call);
      edge.volumes.set(service, (edge.volumes.get(service) ?? 0) + volume);
      const key = totalKey(source.id, service);
      totals.set(key, (totals.get(key) ?? 0) + volume);
    }
  }
  return { edges, totals };
};
