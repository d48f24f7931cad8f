import type { Point } from '../layout/layout-input.ts';

/** A line as cubic Bézier pieces: the first point, then three for each piece. */
export type Curve = readonly Point[];

/** Points along a curve at equal steps of its parameter, with the way to each. */
export interface SampledCurve {
  readonly xs: Float32Array;
  readonly ys: Float32Array;
  /** Way from the beginning to each point. */
  readonly lengths: Float32Array;
  readonly length: number;
}

/** Where a line leaves or reaches a node, and which way it looks: 1 right, -1 left. */
export interface Port extends Point {
  readonly side: 1 | -1;
}

const piece = (from: Port, to: Port, reach: number): Point[] => [
  { x: from.x + from.side * reach, y: from.y },
  { x: to.x + to.side * reach, y: to.y },
  { x: to.x, y: to.y },
];

/** A line from port to port through points; between columns it runs level. */
export const curveBetween = (from: Port, to: Port, through: readonly Point[]): Curve => {
  const points: Point[] = [{ x: from.x, y: from.y }];
  let last: Port = from;
  for (const point of through) {
    const side = (point.x >= last.x ? 1 : -1) as 1 | -1;
    points.push(
      ...piece(last, { ...point, side: -side as 1 | -1 }, Math.abs(point.x - last.x) * 0.4),
    );
    last = { ...point, side };
  }
  const isTurning = last.side === to.side;
  const reach = isTurning ? 70 : Math.max(36, Math.abs(to.x - last.x) * 0.45);
  points.push(...piece(last, to, reach));
  return points;
};

const samplesEach = 18;

const bezier = ([a, b, c, d]: readonly [number, number, number, number], part: number): number => {
  const rest = 1 - part;
  return (
    rest * rest * rest * a +
    3 * rest * rest * part * b +
    3 * rest * part * part * c +
    part * part * part * d
  );
};

/** Measures a curve, so that something can move along it evenly. */
export const sampleCurve = (curve: Curve): SampledCurve => {
  const pieces = (curve.length - 1) / 3;
  const count = pieces * samplesEach + 1;
  const xs = new Float32Array(count);
  const ys = new Float32Array(count);
  const lengths = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const at = Math.min(pieces - 1, Math.floor(index / samplesEach));
    const part = (index - at * samplesEach) / samplesEach;
    const [a, b, c, d] = curve.slice(at * 3, at * 3 + 4) as [Point, Point, Point, Point];
    xs[index] = bezier([a.x, b.x, c.x, d.x], part);
    ys[index] = bezier([a.y, b.y, c.y, d.y], part);
    if (index === 0) continue;
    const dx = (xs[index] ?? 0) - (xs[index - 1] ?? 0);
    const dy = (ys[index] ?? 0) - (ys[index - 1] ?? 0);
    lengths[index] = (lengths[index - 1] ?? 0) + Math.hypot(dx, dy);
  }
  return { xs, ys, lengths, length: lengths[count - 1] ?? 0 };
};

/** Index of the sample before a way, found by halving. */
const sampleBefore = (lengths: Float32Array, way: number): number => {
  let low = 0;
  let high = lengths.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lengths[middle] ?? 0) <= way) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** The point at a way along the curve, written to `into`: called for every moving dot of every frame. */
export const pointAlong = (
  curve: SampledCurve,
  way: number,
  into: { x: number; y: number },
): void => {
  const at = sampleBefore(curve.lengths, way);
  const from = curve.lengths[at] ?? 0;
  const span = (curve.lengths[at + 1] ?? from) - from;
  const part = span > 0 ? Math.min(1, (way - from) / span) : 0;
  const x = curve.xs[at] ?? 0;
  const y = curve.ys[at] ?? 0;
  into.x = x + ((curve.xs[at + 1] ?? x) - x) * part;
  into.y = y + ((curve.ys[at + 1] ?? y) - y) * part;
};

/** Square of the least distance from a point to the samples' polyline; infinite beyond `near` of its box. */
export const distanceSquared = (curve: SampledCurve, { x, y }: Point): number => {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 1; index < curve.xs.length; index++) {
    const ax = curve.xs[index - 1] ?? 0;
    const ay = curve.ys[index - 1] ?? 0;
    const dx = (curve.xs[index] ?? 0) - ax;
    const dy = (curve.ys[index] ?? 0) - ay;
    const span = dx * dx + dy * dy;
    const part = span === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / span));
    const ox = ax + dx * part - x;
    const oy = ay + dy * part - y;
    least = Math.min(least, ox * ox + oy * oy);
  }
  return least;
};
