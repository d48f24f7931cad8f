import type { ClusterTable, EndpointEntry } from '@lateen/routing';
import type { PushContext } from '@lateen/translator';
import type { CompiledProxy } from './compiled-proxy.ts';
import type { EndpointPlace, EndpointPlaces } from './endpoint-place.ts';
import { fieldOf } from './field-access.ts';
import { type Locate, objectOrigin } from './rule-origin.ts';
import type { ObjectOrigin, SimulatedEndpoint } from './simulation.ts';

/** What is known of a cluster a request may go to. */
export interface ClusterDecision {
  readonly subset: string;
  readonly destinationRule: ObjectOrigin | null;
  readonly loadBalancing: string;
  readonly transport: string;
  readonly endpoints: readonly SimulatedEndpoint[];
  readonly status: number | null;
  readonly responseFlags: readonly string[];
}

/** What choosing an endpoint depends on. */
export interface ClusterContext {
  readonly push: PushContext;
  readonly compiled: CompiledProxy;
  readonly locate: Locate;
  readonly places: EndpointPlaces;
  /** Clusters of endpoints are told. */
  readonly areSeveral: boolean;
  /** `ip:port` the client meant, for clusters that keep it. */
  readonly originalDestination: string;
  /** Answer when there is no such cluster. */
  readonly notFoundStatus: number;
}

const unavailable = 503;

/** What is told of a place: its cluster where there are several, the rest where it is known. */
export const placeFields = (
  { clusterId, pod, network, isGateway }: EndpointPlace,
  areSeveral: boolean,
): Pick<SimulatedEndpoint, 'pod' | 'clusterId' | 'network' | 'isGateway'> => ({
  pod,
  ...(areSeveral && clusterId !== '' && { clusterId }),
  ...(network !== '' && { network }),
  ...(isGateway && { isGateway }),
});

const localityText = ({ region, zone, subZone }: EndpointEntry['locality']): string =>
  [region, zone, subZone].join('/').replace(/\/+$/, '');

const describeEndpoint = (
  { places, areSeveral }: ClusterContext,
  entry: EndpointEntry,
): SimulatedEndpoint => {
  const locality = localityText(entry.locality);
  return {
    address: entry.key,
    ...placeFields(places.ofEntry(entry), areSeveral),
    ...(locality !== '' && { locality }),
    health: entry.health,
    weight: entry.weight,
    priority: entry.priority,
  };
};

/** Healthy ones, else degraded ones, else (where the panic threshold allows) all. */
const usable = (cluster: ClusterTable, all: readonly EndpointEntry[]): readonly EndpointEntry[] => {
  const healthy = all.filter(({ health }) => health === 'healthy');
  if (healthy.length > 0) return healthy;
  const degraded = all.filter(({ health }) => health === 'degraded');
  if (degraded.length > 0) return degraded;
  return cluster.healthyPanicPercent > 0 ? all : [];
};

/** Only the best priority gets traffic while all its endpoints are well. */
const preferred = (
  endpoints: readonly EndpointEntry[],
  all: readonly EndpointEntry[],
): readonly EndpointEntry[] => {
  const best = Math.min(...endpoints.map(({ priority }) => priority));
  const allWell = all.every(({ priority, health }) => priority !== best || health === 'healthy');
  return allWell ? endpoints.filter(({ priority }) => priority === best) : endpoints;
};

const candidates = (
  cluster: ClusterTable,
  context: ClusterContext,
): readonly SimulatedEndpoint[] => {
  const { compiled, originalDestination, places, areSeveral } = context;
  if (cluster.discovery.kind === 'original-dst') {
    const { portOverride } = cluster.discovery;
    const colon = originalDestination.lastIndexOf(':');
    const host = originalDestination.slice(0, colon);
    const address = portOverride === undefined ? originalDestination : `${host}:${portOverride}`;
    const place = placeFields(places.ofAddress(host), areSeveral);
    return [{ address, ...place, health: 'healthy', weight: 1, priority: 0 }];
  }
  const all = compiled.endpoints(cluster)?.endpoints ?? [];
  const chosen = usable(cluster, all);
  return (chosen.length === 0 ? chosen : preferred(chosen, all)).map((entry) =>
    describeEndpoint(context, entry),
  );
};

/** What a cluster would do with a request: its endpoints, or the answer when there are none. */
export const decideCluster = (name: string, context: ClusterContext): ClusterDecision => {
  const cluster = context.compiled.cluster(name);
  const subset = name.startsWith('outbound|') ? (name.split('|')[2] ?? '') : '';
  if (cluster === undefined) {
    return {
      ...{ subset, destinationRule: null, loadBalancing: '', transport: '', endpoints: [] },
      ...{ status: context.notFoundStatus, responseFlags: ['NC'] },
    };
  }
  const istio = cluster.metadata['istio'];
  const endpoints = candidates(cluster, context);
  const [only] = endpoints.length === 0 ? [undefined] : endpoints;
  return {
    subset,
    destinationRule: objectOrigin(fieldOf(istio, 'config'), 'spec', context.locate),
    loadBalancing: cluster.loadBalancing.kind,
    transport: cluster.transport.kind,
    endpoints,
    status: only === undefined ? unavailable : null,
    responseFlags: only === undefined ? ['UH'] : [],
  };
};
