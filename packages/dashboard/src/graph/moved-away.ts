import type { GraphEdge } from '@lateen/telemetry/contract';

/** A call that is silent for so much longer than its siblings has lost its traffic to them. */
const silentMs = 10_000;

const lastActive = (edge: GraphEdge): number => edge.lastActiveMs ?? Number.POSITIVE_INFINITY;

const newest = (edges: readonly GraphEdge[]): number =>
  edges.reduce((latest, edge) => Math.max(latest, lastActive(edge)), 0);

const areSiblings = (a: GraphEdge, b: GraphEdge): boolean =>
  a.source === b.source && a.hosts.some((host) => b.hosts.includes(host));

/**
 * Leaves out calls whose traffic went elsewhere: the caller goes on calling the same host, and this way is silent; and
 * what only they had caused further on. Without it a rule that moves traffic would show only after the whole window.
 * Calls that are silent because everything is stay: somebody who tried the application once still sees what happened.
 */
export const dropMovedAway = (edges: readonly GraphEdge[]): readonly GraphEdge[] => {
  const bySource = Map.groupBy(edges, ({ source }) => source);
  const intoNode = Map.groupBy(edges, ({ target }) => target);
  const dropped = new Set(
    edges.filter((edge) => {
      const siblings = (bySource.get(edge.source) ?? []).filter((each) => areSiblings(edge, each));
      return newest(siblings) - lastActive(edge) > silentMs;
    }),
  );
  const latest = newest(edges.filter((edge) => edge.lastActiveMs !== undefined));
  const isOrphan = (edge: GraphEdge): boolean => {
    const into = intoNode.get(edge.source) ?? [];
    return (
      into.length > 0 &&
      into.every((each) => dropped.has(each)) &&
      latest - lastActive(edge) > silentMs
    );
  };
  for (let found = dropped.size > 0; found; ) {
    const orphans = edges.filter((edge) => !dropped.has(edge) && isOrphan(edge));
    for (const orphan of orphans) dropped.add(orphan);
    found = orphans.length > 0;
  }
  return edges.filter((edge) => !dropped.has(edge));
};
