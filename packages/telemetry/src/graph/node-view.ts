import type { GraphNode, GraphNodeFlags, NodeTraffic } from '../contract/graph.ts';
import type { Health } from '../contract/health.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';
import { type MeshService, type ServiceFeatures, serviceFeatures } from '../mesh/mesh-service.ts';
import { isReady, type MeshWorkload } from '../mesh/mesh-workload.ts';
import type { Call } from './call.ts';
import { type ClusterNodes, isElsewhere } from './cluster-nodes.ts';
import type { CollectedEdge } from './edge-collection.ts';
import type { GraphPlace } from './graph-place.ts';
import { combineHealth, readyHealth, requestHealth } from './health-rule.ts';

/** What goes in and out of a node. */
export interface NodeSums {
  in: SideSums;
  out: SideSums;
}

interface SideSums {
  edges: number;
  requests: number;
  errors: number;
  clientErrors: number;
  bytes: number;
}

const noSums = (): SideSums => ({ edges: 0, requests: 0, errors: 0, clientErrors: 0, bytes: 0 });

const addTo = (
  sums: SideSums,
  { requests, errors, clientErrors, bytesOut, bytesIn }: Call,
): void => {
  sums.edges++;
  sums.requests += requests;
  sums.errors += errors;
  sums.clientErrors += clientErrors;
  sums.bytes += bytesOut + bytesIn;
};

/** Sums by node id. */
export const nodeSums = (edges: Iterable<CollectedEdge>): ReadonlyMap<string, NodeSums> => {
  const sums = new Map<string, NodeSums>();
  const of = (id: string): NodeSums => {
    const known = sums.get(id) ?? { in: noSums(), out: noSums() };
    sums.set(id, known);
    return known;
  };
  for (const { source, target, call } of edges) {
    addTo(of(source.id).out, call);
    addTo(of(target.id).in, call);
  }
  return sums;
};

/** What a node stands for, as objects. */
export interface NodeSubjects {
  readonly workloads: readonly MeshWorkload[];
  readonly services: readonly MeshService[];
}

/** Finds the objects of nodes. */
export const nodeSubjects = (place: GraphPlace, model: MeshModel): NodeSubjects => {
  const { kind, namespace, name, service } = place;
  if (kind === 'unknown') return noSubjects;
  if (kind === 'service' || kind === 'external') {
    const key = `${namespace}/${name}`;
    const found =
      (kind === 'service' ? model.services.get(key) : undefined) ??
      model.servicesByHost.get(service ?? name);
    return { workloads: found?.workloads ?? [], services: found === undefined ? [] : [found] };
  }
  const workloads = [...model.workloads.values()].filter((one) => isOf(one, place));
  const services = new Set(
    workloads.flatMap((one) => model.servicesOfWorkload.get(`${one.namespace}/${one.name}`) ?? []),
  );
  return { workloads, services: [...services] };
};

const noSubjects: NodeSubjects = { workloads: [], services: [] };

const isOf = (
  one: MeshWorkload,
  { id, namespace, app, version, workload }: GraphPlace,
): boolean => {
  if (one.namespace !== namespace) return false;
  if (id.startsWith('wl:')) return one.name === workload;
  return one.app === app && (version === undefined || one.version === version);
};

const noFeatures: ServiceFeatures = {
  hasVirtualService: false,
  hasDestinationRule: false,
  hasFaultInjection: false,
  hasTimeouts: false,
  hasMirroring: false,
  hasTrafficShifting: false,
  hasCircuitBreaker: false,
};

const featuresOf = (services: readonly MeshService[]): ServiceFeatures => {
  const all = services.map(serviceFeatures);
  const keys = Object.keys(noFeatures) as readonly (keyof ServiceFeatures)[];
  return Object.fromEntries(
    keys.map((key) => [key, all.some((features) => features[key])]),
  ) as unknown as ServiceFeatures;
};

const flagsOf = (
  place: GraphPlace,
  { workloads, services }: NodeSubjects,
  { sums, isOutside }: { readonly sums: NodeSums; readonly isOutside: boolean },
): GraphNodeFlags => {
  const isWorkload = place.kind === 'workload' || place.kind === 'app';
  return {
    ...featuresOf(services),
    isGateway: place.kind === 'gateway',
    isOutside,
    isIdle: sums.in.edges + sums.out.edges === 0,
    isRoot: sums.in.edges === 0 && sums.out.edges > 0,
    isMissingProxy:
      isWorkload && workloads.some(({ pods, hasProxy }) => pods.length > 0 && !hasProxy),
    isServiceEntry: services.some(({ kind }) => kind === 'ServiceEntry'),
    isDead:
      (isWorkload && workloads.length === 0) || (place.kind === 'service' && services.length === 0),
  };
};

/** Requests that tell how a node does: those it takes, or what becomes of those it sends. */
const tellingSums = ({ in: into, out }: NodeSums): SideSums => (into.requests > 0 ? into : out);

const healthOf = (place: GraphPlace, { workloads }: NodeSubjects, sums: NodeSums): Health => {
  const ready = workloads.reduce((count, { pods }) => count + pods.filter(isReady).length, 0);
  const wanted = workloads.reduce(
    (count, { pods, desired }) => count + (desired ?? pods.length),
    0,
  );
  const traffic =
    sums.in.edges + sums.out.edges > 0 && tellingSums(sums).requests === 0
      ? ({ state: 'healthy', reasons: [] } as const)
      : requestHealth(tellingSums(sums));
  const isOwnHealth = place.kind !== 'external' && place.kind !== 'unknown';
  if (!isOwnHealth) return combineHealth(traffic);
  return combineHealth(traffic, readyHealth(ready, wanted, 'replicas-missing'));
};

const trafficOf = ({ in: into, out }: NodeSums, seconds: number): NodeTraffic => {
  const rate = (sum: number): number => (seconds === 0 ? 0 : sum / seconds);
  const share = ({ errors, requests }: SideSums): number | null =>
    requests === 0 ? null : errors / requests;
  return {
    inRequestsPerSecond: rate(into.requests),
    outRequestsPerSecond: rate(out.requests),
    inErrorShare: share(into),
    outErrorShare: share(out),
    inBytesPerSecond: rate(into.bytes),
    outBytesPerSecond: rate(out.bytes),
  };
};

/** What is known of a node besides its place. */
export interface NodeContext {
  readonly sums: NodeSums | undefined;
  readonly seconds: number;
  readonly isOutside: boolean;
  /** What the other clusters that answer say; of those that do not nothing is known. Default none. */
  readonly others?: ReadonlyMap<string, ClusterNodes>;
}

const quiet: Health = { state: 'unknown', reasons: [] };

/** A node of another cluster: of itself as its own eyes say, of its traffic as was measured. */
const nodeElsewhere = (
  place: GraphPlace,
  own: ClusterNodes | undefined,
  { seconds, isOutside, sums = { in: noSums(), out: noSums() } }: NodeContext,
): GraphNode => {
  const told = own?.nodes.find(({ id }) => id === place.id);
  const flags = flagsOf(place, noSubjects, { sums, isOutside });
  const { isIdle, isRoot, isGateway, isDead } = flags;
  const shown = { isIdle, isRoot, isGateway, isOutside, isDead: own !== undefined && isDead };
  return {
    ...place,
    health: combineHealth(healthOf(place, noSubjects, sums), told?.health ?? quiet),
    flags: told === undefined ? { ...flags, ...shown } : { ...told.flags, ...shown, isDead: false },
    traffic: trafficOf(sums, seconds),
  };
};

/** A node as the contract has it. */
export const nodeView = (place: GraphPlace, model: MeshModel, context: NodeContext): GraphNode => {
  const { cluster } = place;
  if (isElsewhere(cluster, model))
    return nodeElsewhere(place, context.others?.get(cluster), context);
  const sums = context.sums ?? { in: noSums(), out: noSums() };
  const subjects = nodeSubjects(place, model);
  return {
    ...place,
    health: healthOf(place, subjects, sums),
    flags: flagsOf(place, subjects, { sums, isOutside: context.isOutside }),
    traffic: trafficOf(sums, context.seconds),
  };
};
