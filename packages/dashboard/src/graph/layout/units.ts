import type { LayoutEdge, LayoutInput, LayoutNode, Point } from './layout-input.ts';
import { rankPlaces } from './rank.ts';

/** Space between nodes of one box, and between the box's frame and its nodes. */
export const boxGap = 10;
/** Room in a box above its nodes: the app's name. */
export const boxHeader = 22;
/** Room around the nodes in a box. */
export const boxPadding = 10;

/** More edges than this, and long ones are drawn straight: bends would cost more than they show. */
const maxBentEdges = 300;

/** A thing that is placed as a whole: a node, the nodes of a box, or a bend of a long edge. */
export interface Unit {
  readonly nodes: readonly LayoutNode[];
  readonly box: string | undefined;
  readonly area: string;
  readonly rank: number;
  readonly width: number;
  readonly height: number;
  /** Centre; moves until the layout is done. */
  y: number;
  readonly neighbours: number[];
}

/** Units and the bends that belong to long edges (indices of units, left to right). */
export interface UnitGraph {
  readonly units: Unit[];
  readonly unitOf: ReadonlyMap<string, number>;
  readonly bends: ReadonlyMap<string, readonly number[]>;
}

const compareNodes = (a: LayoutNode, b: LayoutNode): number => (a.id < b.id ? -1 : 1);

const groupNodes = (nodes: readonly LayoutNode[]): LayoutNode[][] => {
  const groups = new Map<string, LayoutNode[]>();
  for (const node of nodes.toSorted(compareNodes)) {
    const key = node.box === undefined ? `node ${node.id}` : `box ${node.box}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups.values()];
};

const sizeOf = (
  nodes: readonly LayoutNode[],
  framed: boolean,
): { width: number; height: number } => {
  const width = Math.max(...nodes.map((node) => node.width));
  const height = nodes.reduce((sum, node) => sum + node.height, (nodes.length - 1) * boxGap);
  if (!framed) return { width, height };
  return { width: width + boxPadding * 2, height: height + boxPadding * 2 + boxHeader };
};

const previousY = (
  nodes: readonly LayoutNode[],
  previous: ReadonlyMap<string, Point> | undefined,
): number => {
  const known = nodes.flatMap((node) => previous?.get(node.id)?.y ?? []);
  return known.length === 0 ? 0 : known.reduce((sum, y) => sum + y, 0) / known.length;
};

const connect = (
  edges: readonly LayoutEdge[],
  unitOf: ReadonlyMap<string, number>,
  count: number,
) => {
  const next: Set<number>[] = Array.from({ length: count }, () => new Set());
  for (const edge of edges) {
    const source = unitOf.get(edge.source);
    const target = unitOf.get(edge.target);
    if (source !== undefined && target !== undefined && source !== target)
      next[source]?.add(target);
  }
  return next.map((targets) => [...targets]);
};

const link = (units: Unit[], a: number, b: number): void => {
  units[a]?.neighbours.push(b);
  units[b]?.neighbours.push(a);
};

const addBends = (units: Unit[], from: number, to: number): number[] => {
  const left = units[from];
  const right = units[to];
  if (left === undefined || right === undefined || left.area !== right.area) return [];
  const bends: number[] = [];
  for (let rank = left.rank + 1; rank < right.rank; rank++) {
    bends.push(units.length);
    units.push({
      nodes: [],
      box: undefined,
      area: left.area,
      rank,
      width: 0,
      height: 14,
      y: 0,
      neighbours: [],
    });
  }
  return bends;
};

const unitFrom = (
  group: readonly LayoutNode[],
  rank: number,
  previous: ReadonlyMap<string, Point> | undefined,
): Unit => {
  const first = group[0] as LayoutNode;
  const framed = group.length > 1 && first.box !== undefined;
  return {
    nodes: group,
    box: framed ? first.box : undefined,
    area: first.area ?? `free ${first.id}`,
    rank,
    ...sizeOf(group, framed),
    y: previousY(group, previous),
    neighbours: [],
  };
};

/** So many things without lines stand above each other in a frame; more stand in a block. */
const maxTower = 2;

/** Columns for things that no line leads to or from: a tower of them would make everything else small. */
const spreadLonely = (
  groups: readonly (readonly LayoutNode[])[],
  next: readonly (readonly number[])[],
  ranks: readonly number[],
): readonly number[] => {
  const called = new Set(next.flat());
  const isLonely = (at: number): boolean => next[at]?.length === 0 && !called.has(at);
  const all = groups.map((_, at) => at);
  const areas = Map.groupBy(all, (at) => groups[at]?.[0]?.area ?? `free ${at}`);
  const spread = [...ranks];
  for (const members of areas.values()) {
    const lonely = members.filter(isLonely);
    if (lonely.length <= maxTower) continue;
    const linked = members.filter((at) => !isLonely(at)).map((at) => ranks[at] ?? 0);
    const first = linked.length === 0 ? 0 : Math.min(...linked);
    const columns = Math.ceil(Math.sqrt(lonely.length));
    for (const [index, at] of lonely.entries()) spread[at] = first + (index % columns);
  }
  return spread;
};

/** Groups nodes to units, gives each its column, and puts bends into long edges of small graphs. */
export const buildUnits = ({ nodes, edges, previous }: LayoutInput): UnitGraph => {
  const groups = groupNodes(nodes);
  const unitOf = new Map(
    groups.flatMap((group, at) => group.map((node) => [node.id, at] as const)),
  );
  const next = connect(edges, unitOf, groups.length);
  const ranks = spreadLonely(groups, next, rankPlaces(next));
  const units = groups.map((group, at) => unitFrom(group, ranks[at] ?? 0, previous));
  const bends = new Map<string, readonly number[]>();
  const isBent = edges.length <= maxBentEdges;
  const join = (source: number, target: number): void => {
    const isForward = (ranks[source] ?? 0) <= (ranks[target] ?? 0);
    const [from, to] = isForward ? [source, target] : [target, source];
    const path = isBent ? addBends(units, from, to) : [];
    if (path.length > 0) bends.set(`${source} ${target}`, path);
    const chain = [from, ...path, to];
    for (const [index, at] of chain.slice(1).entries()) link(units, chain[index] ?? from, at);
  };
  for (const [source, targets] of next.entries())
    for (const target of targets) join(source, target);
  return { units, unitOf, bends };
};
