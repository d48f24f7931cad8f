import type { Graph, GraphNode } from '../contract/graph.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';
import type { RoundRange } from '../metrics/scrape-rounds.ts';
import type { SeriesStore } from '../metrics/series-store.ts';
import type { Call } from './call.ts';
import { readCalls } from './call-table.ts';
import type { ClusterNodes } from './cluster-nodes.ts';
import { collectEdges } from './edge-collection.ts';
import { edgeView, type SeriesSteps } from './edge-view.ts';
import type { GraphOptions } from './graph-options.ts';
import { type GraphPlace, GraphPlaces, servicePlace, workloadPlace } from './graph-place.ts';
import { withoutMoved } from './moved-calls.ts';
import { nodeSums, nodeView } from './node-view.ts';

/** Points of a series on an edge. */
const maxSeriesPoints = 60;

/** Whether a call has something to do with the namespaces asked for. */
const concerns = ({ source, target, service }: Call, namespaces: ReadonlySet<string>): boolean =>
  namespaces.size === 0 ||
  namespaces.has(source.namespace) ||
  namespaces.has(target.namespace) ||
  namespaces.has(service.namespace);

/** Nodes that could have traffic: workloads with a proxy or about to get one, and their services. */
const idlePlaces = (
  model: MeshModel,
  { view, withServices, namespaces }: Pick<GraphOptions, 'view' | 'withServices' | 'namespaces'>,
  isAsked: (namespace: string) => boolean,
): readonly GraphPlace[] => {
  const all = [...model.workloads.values()];
  const workloads = all.filter(({ namespace }) => isAsked(namespace));
  const gateways = (namespaces.length > 0 ? workloads : all).filter(({ isGateway }) => isGateway);
  const others = workloads.filter(({ isGateway }) => !isGateway);
  const services = [...model.services.values()].filter(
    ({ kind, namespace, workloads: own }) =>
      kind === 'Service' && isAsked(namespace) && own.some(({ isGateway }) => !isGateway),
  );
  const endOf = (one: (typeof workloads)[number]) => ({
    cluster: model.cluster,
    namespace: one.namespace,
    workload: one.name,
    app: one.app,
    version: one.version,
  });
  return [
    ...gateways.map((one) => workloadPlace(endOf(one), view, true)),
    ...(view === 'service' ? [] : others.map((one) => workloadPlace(endOf(one), view, false))),
    ...(view === 'service' || withServices
      ? services.map((one) => servicePlace(one, model.cluster))
      : []),
  ];
};

/** Without namespaces asked for: those of the mesh, and the gateways'. */
const idleNamespaces = (model: MeshModel, asked: ReadonlySet<string>) => {
  const injected = new Set(
    model.namespaces.filter(({ isInjected }) => isInjected).map(({ name }) => name),
  );
  return (namespace: string): boolean =>
    asked.size > 0 ? asked.has(namespace) : injected.has(namespace);
};

/** Steps of series over a window: no finer than the rounds, and no more than fit a chart. */
export const seriesSteps = (
  store: SeriesStore,
  { atMs, windowMs }: { readonly atMs: number; readonly windowMs: number },
): SeriesSteps => {
  const { rounds } = store;
  const kept = Math.max(1, Math.min(rounds.newest, rounds.capacity - 1));
  const roundMs = (rounds.newestMs - rounds.oldestMs) / kept;
  const stepMs = Math.max(1000, Math.ceil(Math.max(windowMs / maxSeriesPoints, roundMs)));
  const count = Math.max(1, Math.floor(windowMs / stepMs));
  const startMs = atMs - (count - 1) * stepMs;
  const ranges: RoundRange[] = [];
  for (let index = 0; index < count; index++) {
    const endMs = startMs + index * stepMs;
    ranges.push(rounds.range(endMs - stepMs, endMs));
  }
  return { startMs, stepMs, ranges };
};

const placeOf = ({ health: _, flags: __, traffic: ___, ...place }: GraphNode): GraphPlace => place;

/** Whoever is idle in the mesh, and not there yet. */
const addIdle = (
  places: Map<string, GraphPlace>,
  model: MeshModel,
  { others, ...options }: GraphOptions & { readonly others: ReadonlyMap<string, ClusterNodes> },
): void => {
  const isAsked = idleNamespaces(model, new Set(options.namespaces));
  const elsewhere = [...others.values()].flatMap(({ nodes, idle }) => {
    const shown = new Set(idle);
    return nodes.filter(({ id }) => shown.has(id)).map(placeOf);
  });
  for (const place of [...idlePlaces(model, options, isAsked), ...elsewhere]) {
    if (!places.has(place.id)) places.set(place.id, place);
  }
};

/** What the graphs of other clusters need to know of this one's nodes. */
export const clusterNodes = (
  model: MeshModel,
  options: Pick<GraphOptions, 'view' | 'withServices' | 'namespaces'>,
): ClusterNodes => {
  const isAsked = idleNamespaces(model, new Set(options.namespaces));
  const all = idlePlaces(model, { ...options, namespaces: [] }, () => true);
  const workloads = [...model.workloads.values()];
  const still = { sums: undefined, seconds: 0, isOutside: false };
  return {
    nodes: all.map((place) => nodeView(place, model, still)),
    idle: idlePlaces(model, options, isAsked).map(({ id }) => id),
    gateways: workloads.filter((one) => one.isGateway).map((one) => `${one.namespace}/${one.name}`),
    services: Object.fromEntries(
      [...model.servicesOfWorkload].flatMap(([key, [service]]) =>
        service === undefined ? [] : [[key, `${service.namespace}/${service.name}`]],
      ),
    ),
  };
};

/**
 * The graph of a window, built as Kiali builds it: source-reported where there is a report, unknown callers
 * from destinations, gateways and hosts outside as nodes of their own, idle nodes from the objects. Other clusters
 * are in it with what their eyes told the store, and say of their nodes.
 */
export const buildGraph = (store: SeriesStore, model: MeshModel, options: GraphOptions): Graph => {
  const { others = new Map<string, ClusterNodes>() } = options;
  const { atMs, windowMs, view, namespaces } = options;
  const range = store.rounds.range(atMs - windowMs, atMs);
  const asked = new Set(namespaces);
  const all = readCalls(store, range, true).filter(
    (call) => concerns(call, asked) && call.lastActiveMs >= atMs - options.activeMs,
  );
  const calls = options.hideMoved
    ? withoutMoved(all, { range, ruleChangedMs: options.ruleChangedMs })
    : all;
  const { edges, totals } = collectEdges(
    calls,
    new GraphPlaces(model, view, others),
    options.withServices && view !== 'service',
  );
  const places = new Map<string, GraphPlace>();
  for (const { source, target } of edges.values()) {
    places.set(source.id, source).set(target.id, target);
  }
  if (options.withIdle) addIdle(places, model, { ...options, others });
  const sums = nodeSums(edges.values());
  const steps = options.withSeries ? seriesSteps(store, options) : undefined;
  const { seconds } = range;
  return {
    atMs,
    windowMs,
    view,
    namespaces,
    nodes: [...places.values()].map((place) =>
      nodeView(place, model, {
        sums: sums.get(place.id),
        seconds,
        others,
        isOutside: asked.size > 0 && !asked.has(place.namespace),
      }),
    ),
    edges: [...edges.values()].map((edge) => edgeView(edge, totals, { seconds, steps })),
    storedFromMs: store.rounds.oldestMs,
    storedToMs: store.rounds.newestMs,
    warnings: [],
  };
};
