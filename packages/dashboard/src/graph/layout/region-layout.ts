import { surround } from './arrange.ts';
import type { Frame, Layout, LayoutInput, LayoutNode, Point, Rect } from './layout-input.ts';

/** Frame of a region (cluster): room around what is in it. */
const regionPadding = 26;
/** Room in a region's frame above its areas: its name. */
const regionHeader = 34;
/** Space between regions: room for the lines that lead from one to another. */
const regionGap = 84;
/** Width to height of the screens that pictures are looked at on. */
const screenShape = 1.7;

/** A region laid out on its own, and the room it takes. */
interface Block {
  readonly name: string;
  readonly layout: Layout;
  readonly room: Rect;
}

const withoutRegion = ({ region: _, ...node }: LayoutNode): LayoutNode => node;

const blocksOf = (input: LayoutInput, place: (input: LayoutInput) => Layout): readonly Block[] => {
  const groups = Map.groupBy(input.nodes, ({ region }) => region ?? '');
  // What belongs to no cluster stands last.
  const names = [...groups.keys()].sort(
    (a, b) => Number(a === '') - Number(b === '') || (a < b ? -1 : 1),
  );
  return names.map((name) => {
    const nodes = groups.get(name) ?? [];
    const ids = new Set(nodes.map(({ id }) => id));
    const layout = place({
      ...input,
      nodes: nodes.map(withoutRegion),
      edges: input.edges.filter(({ source, target }) => ids.has(source) && ids.has(target)),
    });
    const { x, y, width, height } = layout.bounds;
    if (name === '') return { name, layout, room: layout.bounds };
    const room = {
      x: x - regionPadding,
      y: y - regionPadding - regionHeader,
      width: width + regionPadding * 2,
      height: height + regionPadding * 2 + regionHeader,
    };
    return { name, layout, room };
  });
};

/** Upper left corners of blocks in rows of so many. */
const cornersOf = (blocks: readonly Block[], inRow: number): readonly Point[] => {
  const corners: Point[] = [];
  let [x, y, rowHeight] = [0, 0, 0];
  blocks.forEach(({ room }, index) => {
    if (index > 0 && index % inRow === 0) {
      x = 0;
      y += rowHeight + regionGap;
      rowHeight = 0;
    }
    corners.push({ x, y });
    x += room.width + regionGap;
    rowHeight = Math.max(rowHeight, room.height);
  });
  return corners;
};

const roomsAt = (blocks: readonly Block[], corners: readonly Point[]): readonly Rect[] =>
  blocks.map(({ room }, index) => ({ ...room, ...corners[index] }));

/** The rows in which all of them are seen largest. */
const bestCorners = (blocks: readonly Block[]): readonly Point[] => {
  const choices = blocks.map((_, index) => {
    const corners = cornersOf(blocks, index + 1);
    const { width, height } = surround(roomsAt(blocks, corners));
    return { corners, size: Math.max(width / screenShape, height) };
  });
  return choices.reduce((best, each) => (each.size < best.size ? each : best)).corners;
};

const move = <T extends Point>(thing: T, by: Point): T => ({
  ...thing,
  x: thing.x + by.x,
  y: thing.y + by.y,
});

/**
 * Places each region (cluster) on its own by `place`, and the regions beside and below each other so that they fill a
 * screen. Lines between regions go straight.
 */
export const layoutRegions = (
  input: LayoutInput,
  place: (input: LayoutInput) => Layout,
): Layout => {
  const blocks = blocksOf(input, place);
  const corners = bestCorners(blocks);
  const moved = blocks.map(({ name, layout, room }, index) => {
    const corner = corners[index] ?? { x: 0, y: 0 };
    return { name, layout, room, by: { x: corner.x - room.x, y: corner.y - room.y } };
  });
  const frames = (of: (layout: Layout) => readonly Frame[]): readonly Frame[] =>
    moved.flatMap(({ layout, by }) => of(layout).map((each) => move(each, by)));
  return {
    nodes: new Map(
      moved.flatMap(({ layout, by }) => [...layout.nodes].map(([id, at]) => [id, move(at, by)])),
    ),
    boxes: frames(({ boxes }) => boxes),
    areas: frames(({ areas }) => areas),
    regions: moved.flatMap(({ name, room, by }) =>
      name === '' ? [] : [{ id: name, ...move(room, by) }],
    ),
    waypoints: new Map(
      moved.flatMap(({ layout, by }) =>
        [...layout.waypoints].map(([id, points]) => [id, points.map((each) => move(each, by))]),
      ),
    ),
    bounds: surround(roomsAt(blocks, corners)),
  };
};
