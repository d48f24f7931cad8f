import type { Graph } from '@lateen/telemetry/contract';
import { useMemo, useRef } from 'preact/hooks';
import { buildScene, type Scene } from './canvas/scene.ts';
import { type FindPredicate, type FindSubject, parseFind } from './find-expression.ts';
import { drawGraph, type GraphPicture, layoutInput, layoutKey } from './graph-picture.ts';
import type { GraphSettings } from './graph-settings.ts';
import { layoutGraph } from './layout/layout-graph.ts';
import type { Layout } from './layout/layout-input.ts';

/** A picture where it stands. */
export interface PlacedGraph {
  readonly picture: GraphPicture;
  readonly scene: Scene;
  /** Changes when things stand elsewhere. */
  readonly placement: string;
}

/** The predicate of an expression; one that cannot be read matches nothing. */
export const predicateOf = (expression: string): FindPredicate => {
  const parsed = parseFind(expression);
  return parsed.ok ? parsed.matches : () => false;
};

/** Ids of everything a predicate matches. */
export const findIn = (picture: GraphPicture, matches: FindPredicate): ReadonlySet<string> => {
  const ask = (subject: FindSubject, id: string): string[] => (matches(subject) ? [id] : []);
  return new Set([
    ...picture.nodes.flatMap(({ node, id }) => ask({ type: 'node', node }, id)),
    ...picture.edges.flatMap(({ edge, id }) => ask({ type: 'edge', edge }, id)),
  ]);
};

/** Places an answer; as long as nodes and edges stay the same nothing moves, only numbers change. */
export const usePlacedGraph = (
  graph: Graph | undefined,
  settings: GraphSettings,
  hide: string,
): PlacedGraph | undefined => {
  const last = useRef<{ key: string; layout: Layout } | undefined>(undefined);
  return useMemo(() => {
    if (graph === undefined) return undefined;
    const picture = drawGraph(graph, settings, predicateOf(hide));
    const input = layoutInput(picture, settings);
    const key = layoutKey(input);
    const known = last.current;
    const layout =
      known?.key === key
        ? known.layout
        : layoutGraph(known === undefined ? input : { ...input, previous: known.layout.nodes });
    last.current = { key, layout };
    return { picture, scene: buildScene(picture, layout), placement: key };
  }, [graph, settings, hide]);
};
