import type { Scene } from './scene.ts';

/** What the reader looks at. Ids of nodes and edges share one space. */
export interface Focus {
  readonly selected: string | undefined;
  readonly hovered: string | undefined;
  /** What "find" matches. */
  readonly found: ReadonlySet<string>;
  /** Way of an explained request; empty: none. */
  readonly path: ReadonlySet<string>;
}

/** Nothing is looked at. */
export const noFocus: Focus = {
  selected: undefined,
  hovered: undefined,
  found: new Set(),
  path: new Set(),
};

const addNeighbourhood = (scene: Scene, id: string, lit: Set<string>): void => {
  lit.add(id);
  for (const { picture } of scene.edges) {
    if (picture.id === id) {
      lit.add(picture.source);
      lit.add(picture.target);
    } else if (picture.source === id || picture.target === id) {
      lit.add(picture.id);
      lit.add(picture.source);
      lit.add(picture.target);
    }
  }
};

/** What stays bright while the rest steps back; undefined: everything. */
export const litBy = (scene: Scene, focus: Focus): ReadonlySet<string> | undefined => {
  if (focus.path.size > 0) return focus.path;
  const id = focus.hovered ?? focus.selected;
  if (id === undefined || !(scene.nodeById.has(id) || scene.edgeById.has(id))) return undefined;
  const lit = new Set<string>();
  addNeighbourhood(scene, id, lit);
  return lit;
};
