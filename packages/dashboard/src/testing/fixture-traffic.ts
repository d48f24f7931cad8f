import type {
  Graph,
  GraphEdge,
  GraphNode,
  MetricsAnswer,
  Series,
  TrafficNow,
  TrafficSeries,
} from '@lateen/telemetry/contract';
import { edgeOf, type FixtureMesh } from './fixture-mesh.ts';

const stepMs = 5000;
/** What the fixture pretends to keep. */
export const storedMs: number = 15 * 60_000;

/** -1 to 1, moving slowly with time. */
export const wave = (atMs: number, seed: number): number =>
  Math.sin(atMs / 41_000 + seed) * 0.7 + Math.sin(atMs / 9000 + seed * 3) * 0.3;

/** Values around a mean for the last minutes. */
export const seriesOf = (mean: number, toMs: number, seed: number, minutes = 5): Series => {
  const count = (minutes * 60_000) / stepMs;
  const startMs = Math.floor(toMs / stepMs) * stepMs - (count - 1) * stepMs;
  const values = Array.from({ length: count }, (_, index) =>
    Math.max(0, mean * (1 + wave(startMs + index * stepMs, seed) * 0.25)),
  );
  return { startMs, stepMs, values };
};

/** Series of both directions that fit a rate. */
export const trafficSeries = (rate: number, errors: number, p50: number): TrafficSeries => {
  const now = Date.now();
  return {
    requestsPerSecond: seriesOf(rate, now, 1),
    errorsPerSecond: seriesOf(rate * errors, now, 2),
    p50Ms: seriesOf(p50, now, 3),
    p95Ms: seriesOf(p50 * 2.6, now, 4),
    p99Ms: seriesOf(p50 * 4.2, now, 5),
    bytesInPerSecond: seriesOf(rate * 420, now, 6),
    bytesOutPerSecond: seriesOf(rate * 1900, now, 7),
  };
};

/** Numbers of the last minute. */
export const trafficNow = (rate: number, errors: number, p50: number): TrafficNow => ({
  requestsPerSecond: rate,
  errorShare: rate > 0 ? errors : null,
  p50Ms: rate > 0 ? p50 : null,
  p95Ms: rate > 0 ? p50 * 2.6 : null,
  p99Ms: rate > 0 ? p50 * 4.2 : null,
});

const sum = (edges: readonly GraphEdge[], of: (edge: GraphEdge) => number): number =>
  edges.reduce((total, edge) => total + of(edge), 0);

const errorShare = (edges: readonly GraphEdge[]): number | null => {
  const rate = sum(edges, (edge) => edge.requestsPerSecond);
  if (rate === 0) return null;
  return sum(edges, (edge) => edge.requestsPerSecond * (edge.errorShare ?? 0)) / rate;
};

const withTraffic = (
  node: GraphNode,
  inward: readonly GraphEdge[],
  outward: readonly GraphEdge[],
): GraphNode => ({
  ...node,
  traffic: {
    inRequestsPerSecond: sum(inward, (edge) => edge.requestsPerSecond),
    outRequestsPerSecond: sum(outward, (edge) => edge.requestsPerSecond),
    inErrorShare: errorShare(inward),
    outErrorShare: errorShare(outward),
    inBytesPerSecond: sum(inward, (edge) => edge.bytesPerSecondOut),
    outBytesPerSecond: sum(outward, (edge) => edge.bytesPerSecondIn),
  },
});

/** `GET graph` of a mesh. */
export const graphOf = (mesh: FixtureMesh, query: URLSearchParams): Graph => {
  const now = Date.now();
  const atMs = Number(query.get('at') ?? now);
  const minutes = Number.parseInt(query.get('window') ?? '1m', 10);
  const wanted = (query.get('namespaces') ?? '').split(',').filter((name) => name !== '');
  const edges = mesh.flows.map((flow, index) => ({
    ...edgeOf(flow, wave(atMs, index), minutes * 60),
    ...(query.get('series') === 'true'
      ? {
          series: {
            requestsPerSecond: seriesOf(flow.rate, atMs, index),
            errorsPerSecond: seriesOf(flow.rate * (flow.errors ?? 0), atMs, index),
            p95Ms: seriesOf((flow.p50 ?? 10) * 2.6, atMs, index),
          },
        }
      : {}),
  }));
  const nodes = mesh.nodes
    .filter(({ namespace }) => wanted.length === 0 || wanted.includes(namespace))
    .filter(({ flags }) => query.get('idle') !== 'false' || !flags.isIdle);
  const known = new Set(nodes.map(({ id }) => id));
  const inward = Map.groupBy(edges, ({ target }) => target);
  const outward = Map.groupBy(edges, ({ source }) => source);
  return {
    atMs,
    windowMs: minutes * 60_000,
    view: 'versionedApp',
    namespaces: wanted,
    nodes: nodes.map((node) =>
      withTraffic(node, inward.get(node.id) ?? [], outward.get(node.id) ?? []),
    ),
    edges: edges.filter(({ source, target }) => known.has(source) && known.has(target)),
    storedFromMs: now - storedMs,
    storedToMs: now,
    warnings: [],
  };
};

/** `GET metrics/query`: some series that fits the name. */
export const metricsOf = (query: URLSearchParams): MetricsAnswer => {
  const metric = query.get('metric') ?? '';
  const fn = query.get('fn') ?? 'rate';
  const isError = query.getAll('match').some((match) => match.startsWith('response_code'));
  const mean = metric.includes('duration') ? (fn === 'p95' ? 42 : 14) : 12;
  const series = seriesOf(isError ? 0.3 : mean, Date.now(), metric.length + fn.length);
  return {
    metric,
    unit: metric.includes('duration') ? 'milliseconds' : 'per-second',
    series: [{ ...series, labels: {} }],
    leftOut: 0,
  };
};
