import type { GraphPicture, PictureEdge, PictureNode } from '../graph-picture.ts';
import type { Frame, Layout, Point, Rect } from '../layout/layout-input.ts';
import {
  type Curve,
  curveBetween,
  distanceSquared,
  type Port,
  type SampledCurve,
  sampleCurve,
} from './edge-curve.ts';

/** A placed node. */
export interface SceneNode extends Rect {
  readonly picture: PictureNode;
}

/** A placed line. */
export interface SceneEdge {
  readonly picture: PictureEdge;
  readonly curve: Curve;
  readonly samples: SampledCurve;
}

/** A frame with the words in its corner. */
export interface SceneFrame extends Rect {
  readonly id: string;
  readonly title: string;
}

/** Everything that is drawn, placed. Replaced as a whole, never edited. */
export interface Scene {
  readonly nodes: readonly SceneNode[];
  readonly nodeById: ReadonlyMap<string, SceneNode>;
  readonly edges: readonly SceneEdge[];
  readonly edgeById: ReadonlyMap<string, SceneEdge>;
  readonly boxes: readonly SceneFrame[];
  readonly areas: readonly SceneFrame[];
  readonly regions: readonly SceneFrame[];
  readonly bounds: Rect;
}

/** Part of a node's height that lines may leave from. */
const portSpan = 0.62;

interface End {
  readonly edge: string;
  readonly isSource: boolean;
  readonly otherY: number;
}

const sideOf = (own: SceneNode, other: SceneNode, isSource: boolean): 1 | -1 => {
  const ownX = own.x + own.width / 2;
  const otherX = other.x + other.width / 2;
  if (Math.abs(ownX - otherX) < (own.width + other.width) / 2) return 1;
  if (otherX > ownX) return 1;
  return isSource || otherX < ownX ? -1 : 1;
};

const centreY = (rect: Rect): number => rect.y + rect.height / 2;

/** Spreads the ends of lines over the sides of their nodes, in the order of where they lead, so that few cross. */
const placePorts = (
  edges: readonly PictureEdge[],
  nodes: ReadonlyMap<string, SceneNode>,
): Map<string, { source: Port; target: Port }> => {
  const ends = new Map<string, End[]>();
  const add = (own: SceneNode, other: SceneNode, edge: string, isSource: boolean): void => {
    const key = `${own.picture.id} ${sideOf(own, other, isSource)}`;
    const list = ends.get(key) ?? [];
    list.push({ edge, isSource, otherY: centreY(other) });
    ends.set(key, list);
  };
  for (const edge of edges) {
    const source = nodes.get(edge.source);
    const target = nodes.get(edge.target);
    if (source === undefined || target === undefined) continue;
    add(source, target, edge.id, true);
    add(target, source, edge.id, false);
  }
  const ports = new Map<string, { source: Port; target: Port }>();
  for (const [key, list] of ends) {
    const side = key.endsWith(' 1') ? 1 : -1;
    const node = nodes.get(key.slice(0, key.lastIndexOf(' ')));
    if (node === undefined) continue;
    spreadEnds(list, node, side, ports);
  }
  return ports;
};

const spreadEnds = (
  list: End[],
  node: SceneNode,
  side: 1 | -1,
  ports: Map<string, { source: Port; target: Port }>,
): void => {
  list.sort((a, b) => a.otherY - b.otherY);
  const step = Math.min(13, (node.height * portSpan) / Math.max(1, list.length - 1));
  list.forEach((end, index) => {
    const port: Port = {
      x: side === 1 ? node.x + node.width : node.x,
      y: centreY(node) + (index - (list.length - 1) / 2) * step,
      side,
    };
    const known = ports.get(end.edge) ?? { source: port, target: port };
    ports.set(end.edge, end.isSource ? { ...known, source: port } : { ...known, target: port });
  });
};

const titleOfArea = (id: string): string => id.slice(id.indexOf('/') + 1);

const named = (frames: readonly Frame[], title: (id: string) => string): SceneFrame[] =>
  frames.map((frame) => ({ ...frame, title: title(frame.id) }));

/** Room for the head of an arrow between line and node. */
const arrowRoom = 3;

const placeEdge = (
  picture: PictureEdge,
  ports: { source: Port; target: Port },
  through: readonly Point[],
): SceneEdge => {
  const target = { ...ports.target, x: ports.target.x + ports.target.side * arrowRoom };
  const curve = curveBetween(ports.source, target, through);
  return { picture, curve, samples: sampleCurve(curve) };
};

/** Puts a picture where its layout says. */
export const buildScene = (picture: GraphPicture, layout: Layout): Scene => {
  const nodes = picture.nodes.flatMap((node): SceneNode[] => {
    const at = layout.nodes.get(node.id);
    if (at === undefined) return [];
    const { width, height } = node;
    return [{ picture: node, width, height, x: at.x - width / 2, y: at.y - height / 2 }];
  });
  const nodeById = new Map(nodes.map((node) => [node.picture.id, node]));
  const ports = placePorts(picture.edges, nodeById);
  const edges = picture.edges.flatMap((edge) => {
    const ends = ports.get(edge.id);
    return ends === undefined ? [] : [placeEdge(edge, ends, layout.waypoints.get(edge.id) ?? [])];
  });
  return {
    nodes,
    nodeById,
    edges,
    edgeById: new Map(edges.map((edge) => [edge.picture.id, edge])),
    boxes: named(layout.boxes, (id) => boxTitle(id, nodes)),
    areas: named(layout.areas, titleOfArea),
    regions: named(layout.regions, (id) => id),
    bounds: layout.bounds,
  };
};

const boxTitle = (id: string, nodes: readonly SceneNode[]): string => {
  const node = nodes.find(({ picture }) => picture.node.boxId === id)?.picture.node;
  return node?.app ?? node?.name ?? id;
};

/** What is under a point of the picture: a node before a line. `near` is how far off a line may be. */
export const findAt = (
  scene: Scene,
  at: Point,
  near: number,
): { readonly node: string } | { readonly edge: string } | undefined => {
  const node = scene.nodes.findLast(
    ({ x, y, width, height }) => at.x >= x && at.x <= x + width && at.y >= y && at.y <= y + height,
  );
  if (node !== undefined) return { node: node.picture.id };
  let best: SceneEdge | undefined;
  let least = near * near;
  for (const edge of scene.edges) {
    const distance = distanceSquared(edge.samples, at);
    if (distance > least) continue;
    least = distance;
    best = edge;
  }
  return best === undefined ? undefined : { edge: best.picture.id };
};
