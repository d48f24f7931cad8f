import type { PictureTone } from '../graph-picture.ts';
import { pointAlong } from './edge-curve.ts';
import type { PaintContext } from './paint-context.ts';
import type { Scene, SceneEdge } from './scene.ts';

/** Lines thinner than the difference are drawn together. */
const widthSteps = 2;
/** With more lines than this every one is drawn fainter, so that the tangle stays readable. */
const crowd = 250;

const trace = (canvas: CanvasRenderingContext2D, { curve }: SceneEdge): void => {
  const [start] = curve;
  if (start === undefined) return;
  canvas.moveTo(start.x, start.y);
  for (let at = 1; at + 2 < curve.length; at += 3) {
    const [a, b, c] = [curve[at], curve[at + 1], curve[at + 2]];
    if (a && b && c) canvas.bezierCurveTo(a.x, a.y, b.x, b.y, c.x, c.y);
  }
};

interface Batch {
  readonly tone: PictureTone;
  readonly width: number;
  readonly isLit: boolean;
  readonly edges: SceneEdge[];
}

const batchEdges = ({ edges }: Scene, lit: ReadonlySet<string> | undefined): Batch[] => {
  const batches = new Map<string, Batch>();
  for (const edge of edges) {
    const isLit = lit?.has(edge.picture.id) ?? false;
    const width = Math.round(edge.picture.width * widthSteps) / widthSteps;
    const key = `${isLit} ${edge.picture.tone} ${width}`;
    const batch = batches.get(key);
    if (batch !== undefined) batch.edges.push(edge);
    else batches.set(key, { tone: edge.picture.tone, width, isLit, edges: [edge] });
  }
  return [...batches.values()].sort((a, b) => Number(a.isLit) - Number(b.isLit));
};

/** In a crowd what fails stands out, the rest is a veil; the line under the pointer is always clear. */
const alphaOf = (isLit: boolean, hasLit: boolean, tone: PictureTone, count: number): number => {
  if (isLit) return 0.95;
  const isCrowded = count > crowd;
  if (hasLit) return isCrowded ? 0.04 : 0.18;
  if (!isCrowded) return 0.75;
  return tone === 'bad' ? 0.6 : 0.16;
};

const lineWidth = (batch: Batch, scale: number, count: number): number => {
  const wanted = batch.width * Math.max(1, 0.55 / scale);
  return count > crowd && !batch.isLit ? Math.min(wanted, 0.9 / scale) : wanted;
};

const strokeBatch = (paint: PaintContext, batch: Batch, count: number): void => {
  const { canvas, palette, camera, lit } = paint;
  canvas.globalAlpha = alphaOf(batch.isLit, lit !== undefined, batch.tone, count);
  canvas.strokeStyle = palette.tones[batch.tone];
  canvas.lineWidth = lineWidth(batch, camera.scale, count);
  canvas.setLineDash(batch.tone === 'idle' ? [5, 5] : []);
  canvas.beginPath();
  for (const edge of batch.edges) trace(canvas, edge);
  canvas.stroke();
};

const drawArrow = ({ canvas, palette }: PaintContext, { samples, picture }: SceneEdge): void => {
  const last = samples.xs.length - 1;
  const x = samples.xs[last] ?? 0;
  const y = samples.ys[last] ?? 0;
  const angle = Math.atan2(y - (samples.ys[last - 1] ?? 0), x - (samples.xs[last - 1] ?? 0));
  const size = 5.5 + picture.width;
  canvas.beginPath();
  canvas.moveTo(x + Math.cos(angle) * 2, y + Math.sin(angle) * 2);
  canvas.lineTo(x - Math.cos(angle - 0.42) * size, y - Math.sin(angle - 0.42) * size);
  canvas.lineTo(x - Math.cos(angle + 0.42) * size, y - Math.sin(angle + 0.42) * size);
  canvas.closePath();
  canvas.fillStyle = palette.tones[picture.tone];
  canvas.fill();
};

const middle = { x: 0, y: 0 };

const drawLock = ({ canvas }: PaintContext, x: number, y: number, colour: string): void => {
  canvas.lineWidth = 1.3;
  canvas.strokeStyle = colour;
  canvas.beginPath();
  canvas.arc(x, y - 1.6, 2.3, Math.PI, 0);
  canvas.stroke();
  canvas.fillStyle = colour;
  canvas.beginPath();
  canvas.roundRect(x - 3.6, y - 1.6, 7.2, 5.8, 1.2);
  canvas.fill();
};

const drawLabel = (paint: PaintContext, edge: SceneEdge): void => {
  const { canvas, palette, showsLocks } = paint;
  const { label, isLocked, tone } = edge.picture;
  const hasLock = isLocked && showsLocks;
  if (label === '' && !hasLock) return;
  canvas.font = `500 12px ${palette.font}`;
  const textWidth = label === '' ? 0 : canvas.measureText(label).width;
  const lockRoom = hasLock ? 13 : 0;
  const width = textWidth + lockRoom + (label === '' ? 4 : 12);
  pointAlong(edge.samples, edge.samples.length * 0.56, middle);
  const left = middle.x - width / 2;
  canvas.beginPath();
  canvas.roundRect(left, middle.y - 9, width, 18, 9);
  canvas.fillStyle = palette.ground;
  canvas.fill();
  const isTroubled = tone === 'bad' || tone === 'warn';
  if (hasLock) drawLock(paint, left + 10, middle.y, palette.inkQuiet);
  if (label === '') return;
  canvas.textAlign = 'left';
  canvas.textBaseline = 'middle';
  canvas.fillStyle = isTroubled ? palette.tones[tone] : palette.ink;
  canvas.fillText(label, left + 6 + lockRoom, middle.y + 0.5);
};

/** From which zoom on texts stand on the lines; with many lines only on those looked at. */
const labelScale = 0.55;

const hasLabel = (edge: SceneEdge, paint: PaintContext, count: number): boolean => {
  if (paint.lit !== undefined) return paint.lit.has(edge.picture.id);
  return count <= crowd;
};

/** Draws all lines; texts are left to `paintLabels`, which comes after the nodes. */
export const paintEdges = (paint: PaintContext, scene: Scene): void => {
  const { canvas, camera, lit } = paint;
  const count = scene.edges.length;
  for (const batch of batchEdges(scene, lit)) strokeBatch(paint, batch, count);
  canvas.setLineDash([]);
  if (camera.scale >= 0.3) {
    for (const edge of scene.edges) {
      const isLit = lit?.has(edge.picture.id) ?? false;
      if (count > crowd && !isLit) continue;
      canvas.globalAlpha = alphaOf(isLit, lit !== undefined, edge.picture.tone, count);
      drawArrow(paint, edge);
    }
  }
  canvas.globalAlpha = 1;
};

/** Draws the texts and locks on lines. */
export const paintLabels = (paint: PaintContext, scene: Scene): void => {
  if (paint.camera.scale < labelScale && paint.lit === undefined) return;
  for (const edge of scene.edges) {
    if (hasLabel(edge, paint, scene.edges.length)) drawLabel(paint, edge);
  }
};

/** Draws a halo along the lines that "find" matches or that are chosen. */
export const paintEdgeHalos = (paint: PaintContext, scene: Scene): void => {
  const { canvas, palette, focus } = paint;
  for (const edge of scene.edges) {
    const isChosen = focus.selected === edge.picture.id || focus.path.has(edge.picture.id);
    if (!isChosen && !focus.found.has(edge.picture.id)) continue;
    canvas.strokeStyle = isChosen ? palette.accentSoft : palette.sail;
    canvas.globalAlpha = isChosen ? 1 : 0.55;
    canvas.lineWidth = edge.picture.width + 7;
    canvas.lineCap = 'round';
    canvas.beginPath();
    trace(canvas, edge);
    canvas.stroke();
  }
  canvas.lineCap = 'butt';
  canvas.globalAlpha = 1;
};
