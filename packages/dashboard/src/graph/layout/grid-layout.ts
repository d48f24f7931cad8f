import { areaHeader, areaPadding, surround } from './arrange.ts';
import type { Frame, Layout, LayoutInput, LayoutNode, Point, Rect } from './layout-input.ts';
import { placeNodes } from './node-places.ts';
import { buildUnits, type Unit } from './units.ts';

/** Space between columns within a frame: lines inside a frame are short. */
const columnGap = 72;
/** Space between units above each other. */
const rowGap = 14;
/** Space between frames. */
const frameGap = 56;
/** Width to height that the whole picture should have: a bit less than a screen's. */
const wantedAspect = 1.75;

interface Placed {
  readonly unit: Unit;
  readonly x: number;
}

/** A frame's content, its upper left corner at 0, 0. */
interface Block {
  readonly area: string;
  readonly placed: readonly Placed[];
  readonly width: number;
  readonly height: number;
  /** Where in the flow of the whole graph its units stand, on average. */
  readonly rank: number;
}

const splitColumns = (units: readonly Unit[], maxHeight: number): Unit[][] => {
  const columns: Unit[][] = [];
  const byRank = Map.groupBy(units, ({ rank }) => rank);
  for (const rank of [...byRank.keys()].sort((a, b) => a - b)) {
    let column: Unit[] = [];
    let height = 0;
    for (const unit of byRank.get(rank) ?? []) {
      if (column.length > 0 && height + unit.height > maxHeight) {
        columns.push(column);
        column = [];
        height = 0;
      }
      column.push(unit);
      height += unit.height + rowGap;
    }
    columns.push(column);
  }
  return columns;
};

const columnHeight = (column: readonly Unit[]): number =>
  column.reduce((sum, { height }) => sum + height + rowGap, -rowGap);

/** Sorts each column by where its callers stand in the columns before: one sweep is enough for a small frame. */
const sortByCallers = (units: readonly Unit[], all: readonly Unit[]): Unit[] => {
  const row = new Map<Unit, number>();
  const sorted: Unit[] = [];
  const byRank = Map.groupBy(units, ({ rank }) => rank);
  for (const rank of [...byRank.keys()].sort((a, b) => a - b)) {
    const column = (byRank.get(rank) ?? []).map((unit, index) => {
      const known = unit.neighbours.flatMap((at) => row.get(all[at] as Unit) ?? []);
      const mean = known.reduce((sum, each) => sum + each, 0) / Math.max(1, known.length);
      return { unit, wanted: known.length === 0 ? index : mean };
    });
    column.sort((a, b) => a.wanted - b.wanted);
    for (const [index, { unit }] of column.entries()) {
      row.set(unit, index);
      sorted.push(unit);
    }
  }
  return sorted;
};

const buildBlock = (
  area: string,
  nodes: readonly LayoutNode[],
  input: LayoutInput,
  rank: number,
): Block => {
  const { units } = buildUnits({ nodes, edges: input.edges });
  const real = sortByCallers(
    units.filter((unit) => unit.nodes.length > 0),
    units,
  );
  const surface = real.reduce(
    (sum, { width, height }) => sum + (width + columnGap) * (height + rowGap),
    0,
  );
  const columns = splitColumns(real, Math.max(180, Math.sqrt(surface / wantedAspect)));
  const height = Math.max(...columns.map(columnHeight));
  const placed: Placed[] = [];
  let x = 0;
  for (const column of columns) {
    const width = Math.max(...column.map((unit) => unit.width));
    let y = (height - columnHeight(column)) / 2;
    for (const unit of column) {
      unit.y = y + unit.height / 2;
      y += unit.height + rowGap;
      placed.push({ unit, x: x + width / 2 });
    }
    x += width + columnGap;
  }
  return { area, placed, width: x - columnGap, height, rank };
};

const frameOf = ({ area, width, height }: Block, at: Point): Frame => ({
  id: area,
  x: at.x,
  y: at.y,
  width: width + areaPadding * 2,
  height: height + areaPadding * 2 + areaHeader,
});

/** Puts frames into rows, as books on shelves, in the order of the flow. */
const shelve = (blocks: readonly Block[]): { block: Block; frame: Frame }[] => {
  const sizes = blocks.map((block) => frameOf(block, { x: 0, y: 0 }));
  const surface = sizes.reduce(
    (sum, { width, height }) => sum + (width + frameGap) * (height + frameGap),
    0,
  );
  const widest = Math.max(...sizes.map(({ width }) => width));
  const limit = Math.max(widest, Math.sqrt(surface * wantedAspect));
  const shelved: { block: Block; frame: Frame }[] = [];
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  for (const block of blocks) {
    const size = frameOf(block, { x: 0, y: 0 });
    if (x > 0 && x + size.width > limit) {
      x = 0;
      y += rowHeight + frameGap;
      rowHeight = 0;
    }
    shelved.push({ block, frame: frameOf(block, { x, y }) });
    x += size.width + frameGap;
    rowHeight = Math.max(rowHeight, size.height);
  }
  return shelved;
};

const ranksOf = (input: LayoutInput): Map<string, number> => {
  const { units } = buildUnits({ nodes: input.nodes, edges: input.edges });
  return new Map(units.flatMap((unit) => unit.nodes.map(({ id }) => [id, unit.rank] as const)));
};

/**
 * For large graphs: each frame is placed by its inner lines only, and frames stand in rows so that the whole fits a
 * screen. What stands alone shares one frame without a name.
 */
export const layoutGrid = (input: LayoutInput): Layout => {
  const ranks = ranksOf(input);
  const groups = Map.groupBy(input.nodes, ({ area }) => area ?? '');
  const blocks = [...groups].map(([area, nodes]) => {
    const sum = nodes.reduce((total, { id }) => total + (ranks.get(id) ?? 0), 0);
    return buildBlock(area, nodes, input, sum / nodes.length);
  });
  blocks.sort((a, b) => a.rank - b.rank || (a.area < b.area ? -1 : 1));
  const nodes = new Map<string, Point>();
  const boxes: Frame[] = [];
  const frames: Frame[] = [];
  for (const { block, frame } of shelve(blocks)) {
    if (block.area !== '') frames.push(frame);
    const left = frame.x + areaPadding;
    const top = frame.y + areaPadding + areaHeader;
    for (const { unit, x } of block.placed) {
      unit.y += top;
      for (const [id, at] of placeNodes(unit, left + x)) nodes.set(id, at);
      if (unit.box !== undefined) boxes.push({ id: unit.box, ...unitRect(unit, left + x) });
    }
  }
  const bounds = surround([...frames, ...input.nodes.map((node) => nodeRect(node, nodes))]);
  return { nodes, boxes, areas: frames, regions: [], waypoints: new Map(), bounds };
};

const unitRect = (unit: Unit, x: number): Rect => ({
  x: x - unit.width / 2,
  y: unit.y - unit.height / 2,
  width: unit.width,
  height: unit.height,
});

const nodeRect = ({ id, width, height }: LayoutNode, places: ReadonlyMap<string, Point>): Rect => {
  const at = places.get(id) ?? { x: 0, y: 0 };
  return { x: at.x - width / 2, y: at.y - height / 2, width, height };
};
