import type { Scene, SceneNode } from './canvas/scene.ts';

/** Keys that move from node to node. */
export type StepKey = 'ArrowRight' | 'ArrowLeft' | 'ArrowUp' | 'ArrowDown';

const middle = (node: SceneNode): { x: number; y: number } => ({
  x: node.x + node.width / 2,
  y: node.y + node.height / 2,
});

const nearest = (from: SceneNode, candidates: readonly SceneNode[]): string | undefined => {
  const at = middle(from);
  let best: SceneNode | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const node of candidates) {
    const { x, y } = middle(node);
    const distance = Math.hypot(x - at.x, (y - at.y) * 1.5);
    if (distance >= least) continue;
    least = distance;
    best = node;
  }
  return best?.picture.id;
};

const alongEdges = (scene: Scene, from: SceneNode, isForward: boolean): SceneNode[] =>
  scene.edges.flatMap(({ picture }) => {
    const [own, other] = isForward
      ? [picture.source, picture.target]
      : [picture.target, picture.source];
    if (own !== from.picture.id || other === own) return [];
    return scene.nodeById.get(other) ?? [];
  });

const inColumn = (scene: Scene, from: SceneNode, isDown: boolean): SceneNode[] =>
  scene.nodes.filter((node) => {
    if (node === from || Math.abs(middle(node).x - middle(from).x) > from.width) return false;
    return isDown ? node.y > from.y : node.y < from.y;
  });

/** The first node for a reader who came by keys: the one farthest left and up. */
export const firstNode = (scene: Scene): string | undefined =>
  scene.nodes.toSorted((a, b) => a.x - b.x || a.y - b.y)[0]?.picture.id;

/** Where a key leads: right to what a node calls, left to its callers, up and down in its column. */
export const stepFrom = (scene: Scene, id: string, key: StepKey): string | undefined => {
  const from = scene.nodeById.get(id);
  if (from === undefined) return firstNode(scene);
  if (key === 'ArrowUp' || key === 'ArrowDown')
    return nearest(from, inColumn(scene, from, key === 'ArrowDown'));
  return nearest(from, alongEdges(scene, from, key === 'ArrowRight'));
};
