import type { Point } from './layout-input.ts';
import { boxGap, boxHeader, boxPadding, type Unit } from './units.ts';

/** Centres of a unit's nodes, above each other, when its centre stands at `x` and its `y`. */
export const placeNodes = (unit: Unit, x: number): readonly (readonly [string, Point])[] => {
  let y = unit.y - unit.height / 2 + (unit.box === undefined ? 0 : boxPadding + boxHeader);
  return unit.nodes.map((node) => {
    const at = { x, y: y + node.height / 2 };
    y += node.height + boxGap;
    return [node.id, at] as const;
  });
};
