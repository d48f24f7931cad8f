import type { Rect } from './layout-input.ts';
import { spaceOut } from './spacing.ts';
import type { Unit } from './units.ts';

/** Space between units above each other. */
const unitGap = 26;
/** Frame of an area: room around, and above for its name. */
export const areaPadding = 22;
/** Room in an area's frame above its nodes. */
export const areaHeader = 30;
/** Space between frames. */
const areaGap = 34;
/** Rounds of pulling and spacing: the picture does not change visibly after about ten. */
const rounds = 14;

const meanOfNeighbours = (unit: Unit, units: readonly Unit[]): number => {
  if (unit.neighbours.length === 0) return unit.y;
  let sum = 0;
  for (const at of unit.neighbours) sum += units[at]?.y ?? 0;
  return sum / unit.neighbours.length;
};

const bySlot = (units: readonly Unit[]): Unit[][] => {
  const slots = new Map<string, Unit[]>();
  for (const unit of units) {
    const key = `${unit.area} ${unit.rank}`;
    const slot = slots.get(key);
    if (slot === undefined) slots.set(key, [unit]);
    else slot.push(unit);
  }
  return [...slots.values()];
};

/** What has no lines goes to the others of its area, below them. */
const wishOf = (unit: Unit, units: readonly Unit[]): number => {
  if (unit.neighbours.length > 0) return meanOfNeighbours(unit, units);
  const linked = units.filter(
    ({ area, neighbours }) => area === unit.area && neighbours.length > 0,
  );
  if (linked.length === 0) return unit.y;
  return Math.max(...linked.map(({ y }) => y)) + unit.height;
};

const settleSlot = (slot: Unit[], units: readonly Unit[]): void => {
  const wishes = slot.map((unit) => ({ unit, wanted: wishOf(unit, units) }));
  wishes.sort((a, b) => a.wanted - b.wanted);
  const centres = spaceOut(
    wishes.map(({ unit, wanted }) => ({
      wanted,
      height: unit.height,
      weight: unit.nodes.length === 0 || unit.neighbours.length === 0 ? 0.1 : 1,
    })),
    unitGap,
  );
  wishes.forEach(({ unit }, index) => {
    unit.y = centres[index] ?? unit.y;
  });
};

/** Units that move together, and the columns they cover. */
interface Group {
  readonly units: readonly Unit[];
  readonly firstRank: number;
  readonly lastRank: number;
  readonly framed: boolean;
}

const groupBy = (units: readonly Unit[], keyOf: (unit: Unit) => string): Group[] => {
  const groups = new Map<string, Unit[]>();
  for (const unit of units) {
    const key = keyOf(unit);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [unit]);
    else members.push(unit);
  }
  return [...groups].map(([key, members]) => ({
    units: members,
    firstRank: Math.min(...members.map((unit) => unit.rank)),
    lastRank: Math.max(...members.map((unit) => unit.rank)),
    framed: !key.startsWith('free '),
  }));
};

const extent = (group: Group): { top: number; bottom: number } => {
  let top = Number.POSITIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (const unit of group.units) {
    top = Math.min(top, unit.y - unit.height / 2);
    bottom = Math.max(bottom, unit.y + unit.height / 2);
  }
  if (!group.framed) return { top, bottom };
  return { top: top - areaPadding - areaHeader, bottom: bottom + areaPadding };
};

const shift = (group: Group, by: number): void => {
  for (const unit of group.units) unit.y += by;
};

const share = (a: Group, b: Group): boolean =>
  a.firstRank <= b.lastRank && b.firstRank <= a.lastRank;

/** Puts groups that share a column above each other: apart in equal parts while they settle, downward at the end. */
const separate = (groups: Group[], isFinal: boolean): void => {
  const centre = (group: Group): number => {
    const { top, bottom } = extent(group);
    return (top + bottom) / 2;
  };
  const ordered = groups
    .map((group) => ({ group, at: centre(group) }))
    .sort((a, b) => a.at - b.at)
    .map(({ group }) => group);
  ordered.forEach((lower, index) => {
    for (const upper of ordered.slice(0, index)) {
      if (share(upper, lower)) pushApart(upper, lower, isFinal);
    }
  });
};

const pushApart = (upper: Group, lower: Group, isFinal: boolean): void => {
  const overlap = extent(upper).bottom + areaGap - extent(lower).top;
  if (overlap <= 0) return;
  shift(lower, isFinal ? overlap : overlap / 2);
  if (!isFinal) shift(upper, -overlap / 2);
};

/** Moves each group to where its lines lead, as a whole. */
const pull = (groups: readonly Group[], units: readonly Unit[]): void => {
  for (const group of groups) {
    let sum = 0;
    for (const unit of group.units) sum += meanOfNeighbours(unit, units) - unit.y;
    shift(group, sum / group.units.length);
  }
};

/** Finds a height for every unit; `y` of the units is changed. */
export const arrange = (units: Unit[]): void => {
  const slots = bySlot(units);
  const areas = groupBy(units, (unit) => unit.area);
  for (let round = 0; round < rounds; round++) {
    const forward = round % 2 === 0;
    const inOrder = slots.toSorted(
      (a, b) => ((a[0]?.rank ?? 0) - (b[0]?.rank ?? 0)) * (forward ? 1 : -1),
    );
    for (const slot of inOrder) settleSlot(slot, units);
    pull(areas, units);
    separate(areas, false);
  }
  separate(areas, true);
};

/** The smallest rectangle around rectangles; all zero for none. */
export const surround = (rects: readonly Rect[]): Rect => {
  if (rects.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const x = Math.min(...rects.map((rect) => rect.x));
  const y = Math.min(...rects.map((rect) => rect.y));
  return {
    x,
    y,
    width: Math.max(...rects.map((rect) => rect.x + rect.width)) - x,
    height: Math.max(...rects.map((rect) => rect.y + rect.height)) - y,
  };
};
