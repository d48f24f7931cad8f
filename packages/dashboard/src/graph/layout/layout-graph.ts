import { areaHeader, areaPadding, arrange, surround } from './arrange.ts';
import { layoutGrid } from './grid-layout.ts';
import type { Frame, Layout, LayoutEdge, LayoutInput, Point, Rect } from './layout-input.ts';
import { placeNodes } from './node-places.ts';
import { layoutRegions } from './region-layout.ts';
import { buildUnits, type Unit, type UnitGraph } from './units.ts';

/** Space between columns: room for the text on a line. */
const columnGap = 148;

/** More nodes than this in one flow would be too high for a screen: frames are put into rows instead. */
const maxFlowing = 70;

const columnCentres = (units: readonly Unit[]): number[] => {
  const widths: number[] = [];
  for (const unit of units) widths[unit.rank] = Math.max(widths[unit.rank] ?? 0, unit.width);
  let x = 0;
  return Array.from(widths, (width = 0) => {
    const centre = x + width / 2;
    x += width + columnGap;
    return centre;
  });
};

const unitRect = (unit: Unit, x: number): Rect => ({
  x: x - unit.width / 2,
  y: unit.y - unit.height / 2,
  width: unit.width,
  height: unit.height,
});

const frame = (id: string, rects: readonly Rect[], padding: number, header: number): Frame => {
  const { x, y, width, height } = surround(rects);
  return {
    id,
    x: x - padding,
    y: y - padding - header,
    width: width + padding * 2,
    height: height + padding * 2 + header,
  };
};

interface PlacedUnit {
  readonly unit: Unit;
  readonly rect: Rect;
}

const frameAreas = (placed: readonly PlacedUnit[]): readonly Frame[] =>
  [...Map.groupBy(placed, ({ unit }) => unit.area)]
    .filter(([area]) => !area.startsWith('free '))
    .map(([area, members]) =>
      frame(
        area,
        members.map(({ rect }) => rect),
        areaPadding,
        areaHeader,
      ),
    );

const bendPoints = (
  edges: readonly LayoutEdge[],
  { units, unitOf, bends }: UnitGraph,
  columns: readonly number[],
): Map<string, readonly Point[]> => {
  const points = new Map<string, readonly Point[]>();
  for (const edge of edges) {
    const path = bends.get(`${unitOf.get(edge.source)} ${unitOf.get(edge.target)}`);
    if (path === undefined) continue;
    const along = path.map((at) => {
      const unit = units[at] as Unit;
      return { x: columns[unit.rank] ?? 0, y: unit.y };
    });
    const source = units[unitOf.get(edge.source) ?? 0]?.rank ?? 0;
    const target = units[unitOf.get(edge.target) ?? 0]?.rank ?? 0;
    points.set(edge.id, source <= target ? along : along.reverse());
  }
  return points;
};

/**
 * Places a graph left to right: callers left of what they call, versions of an app in a box, namespaces in frames
 * that never overlap; clusters each on its own, as `layoutRegions` puts them; large graphs as `layoutGrid` does. Circles are allowed. The same input gives the same picture; with
 * `previous` nodes keep the order they had. Takes about 20 ms for 200 nodes and 2,000 edges.
 */
export const layoutGraph = (input: LayoutInput): Layout => {
  if (new Set(input.nodes.flatMap(({ region }) => region || [])).size > 1)
    return layoutRegions(input, layoutGraph);
  if (input.nodes.length > maxFlowing) return layoutGrid(input);
  const graph = buildUnits(input);
  arrange(graph.units);
  const columns = columnCentres(graph.units);
  const placed = graph.units.map((unit) => ({
    unit,
    rect: unitRect(unit, columns[unit.rank] ?? 0),
  }));
  const real = placed.filter(({ unit }) => unit.nodes.length > 0);
  const areas = frameAreas(placed);
  return {
    nodes: new Map(real.flatMap(({ unit }) => placeNodes(unit, columns[unit.rank] ?? 0))),
    boxes: real.flatMap(({ unit, rect }) =>
      unit.box === undefined ? [] : [{ id: unit.box, ...rect }],
    ),
    areas,
    regions: [],
    waypoints: bendPoints(input.edges, graph, columns),
    bounds: surround([...real.map(({ rect }) => rect), ...areas]),
  };
};
