import type { ExplainPath, Graph, GraphEdge } from '@lateen/telemetry/contract';

const quietEdge = (source: string, target: string, share: number): GraphEdge => ({
  id: `${source}|${target}|http`,
  source,
  target,
  protocol: 'http',
  requestsPerSecond: 0,
  requests: 0,
  errorShare: null,
  clientErrorShare: null,
  averageMs: null,
  p50Ms: null,
  p90Ms: null,
  p95Ms: null,
  p99Ms: null,
  share,
  bytesPerSecondOut: 0,
  bytesPerSecondIn: 0,
  connectionsPerSecond: 0,
  mtlsShare: null,
  sourcePrincipals: [],
  targetPrincipals: [],
  responseCodes: {},
  responseFlags: {},
  hosts: [],
});

/**
 * The graph with a line for every way that the request may take, whether there was traffic on it or not. The share of
 * these lines is that of the request explained, not of what is sent now.
 */
export const addPath = (graph: Graph, path: ExplainPath | null): Graph => {
  if (path === null) return graph;
  const nodes = new Set(graph.nodes.map(({ id }) => id));
  const missing = path.ways.filter(
    (way) =>
      nodes.has(way.source) &&
      nodes.has(way.target) &&
      !graph.edges.some(({ source, target }) => source === way.source && target === way.target),
  );
  return {
    ...graph,
    edges: [
      ...graph.edges.map((edge) => {
        const way = path.ways.find(
          ({ source, target }) => source === edge.source && target === edge.target,
        );
        return way === undefined ? edge : { ...edge, share: way.percent / 100 };
      }),
      ...missing.map(({ source, target, percent }) => quietEdge(source, target, percent / 100)),
    ],
  };
};

/** Ids of the nodes and lines that the request goes over. */
export const pathIds = (graph: Graph, path: ExplainPath | null): ReadonlySet<string> => {
  if (path === null) return new Set();
  const edges = graph.edges.filter((edge) =>
    path.ways.some(({ source, target }) => source === edge.source && target === edge.target),
  );
  const targets = path.ways.map(({ target }) => target);
  return new Set([path.source, ...targets, ...edges.map(({ id }) => id)]);
};
