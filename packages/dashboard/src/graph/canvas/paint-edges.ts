import type { PictureTone } from '../graph-picture.ts';
import { labelFontSize, type PlacedLabel, placeLabels } from './label-places.ts';
import type { PaintContext } from './paint-context.ts';
import type { Scene, SceneEdge } from './scene.ts';

type LabelPlaces = ReadonlyMap<string, PlacedLabel>;

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

const drawLock = (
  { canvas }: PaintContext,
  at: { x: number; y: number; size: number; colour: string },
): void => {
  const unit = at.size / 12;
  canvas.lineWidth = 1.3 * unit;
  canvas.strokeStyle = at.colour;
  canvas.beginPath();
  canvas.arc(at.x, at.y - 1.6 * unit, 2.3 * unit, Math.PI, 0);
  canvas.stroke();
  canvas.fillStyle = at.colour;
  canvas.beginPath();
  canvas.roundRect(at.x - 3.6 * unit, at.y - 1.6 * unit, 7.2 * unit, 5.8 * unit, 1.2 * unit);
  canvas.fill();
};

/** The texts of a label one after the other, with their colours. */
const textsOf = ({ palette }: PaintContext, { label, trouble }: PlacedLabel, tone: PictureTone) =>
  [
    { text: label, colour: palette.ink },
    { text: trouble, colour: palette.troubleInk[tone === 'warn' ? 'warn' : 'bad'] },
  ].filter(({ text }) => text !== '');

const drawLabel = (
  paint: PaintContext,
  { picture }: SceneEdge,
  at: PlacedLabel,
  size: number,
): void => {
  const { canvas, palette, showsLocks } = paint;
  const hasLock = picture.isLocked && showsLocks;
  const texts = textsOf(paint, at, picture.tone);
  if (texts.length === 0 && !hasLock) return;
  canvas.font = `500 ${size}px ${palette.font}`;
  const gap = size * 0.6;
  const widths = texts.map(({ text }) => canvas.measureText(text).width);
  const textWidth = widths.reduce((sum, each) => sum + each, Math.max(0, widths.length - 1) * gap);
  const lockRoom = hasLock ? size * 1.1 : 0;
  const width = textWidth + lockRoom + (texts.length === 0 ? size / 3 : size);
  const left = at.x - width / 2;
  canvas.beginPath();
  canvas.roundRect(left, at.y - size * 0.75, width, size * 1.5, size * 0.75);
  canvas.fillStyle = palette.ground;
  canvas.fill();
  if (hasLock) drawLock(paint, { x: left + size * 0.85, y: at.y, size, colour: palette.inkQuiet });
  canvas.textAlign = 'left';
  canvas.textBaseline = 'middle';
  let x = left + size / 2 + lockRoom;
  texts.forEach(({ text, colour }, index) => {
    canvas.fillStyle = colour;
    canvas.fillText(text, x, at.y + size * 0.04);
    x += (widths[index] ?? 0) + gap;
  });
};

/** From which zoom on texts stand on the lines; with many lines only on those looked at. */
const labelScale = 0.43;

const labelledEdges = ({ edges }: Scene, { lit, camera }: PaintContext): readonly SceneEdge[] => {
  if (edges.length > crowd && lit !== undefined)
    return edges.filter(({ picture }) => lit.has(picture.id));
  if (edges.length > crowd || (camera.scale < labelScale && lit === undefined)) return [];
  return edges;
};

/** Where labels stood for a picture and a size of letters: looking for room takes longer than painting. */
const known = new WeakMap<Scene, { readonly size: number; readonly places: LabelPlaces }>();

const placesOf = (scene: Scene, edges: readonly SceneEdge[], size: number): LabelPlaces => {
  if (edges !== scene.edges) return placeLabels(scene, edges, size);
  const last = known.get(scene);
  if (last?.size === size) return last.places;
  const places = placeLabels(scene, edges, size);
  known.set(scene, { size, places });
  return places;
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
  const { lit, camera } = paint;
  const edges = labelledEdges(scene, paint);
  if (edges.length === 0) return;
  const size = labelFontSize(camera.scale);
  const places = placesOf(scene, edges, size);
  for (const edge of edges) {
    const at = places.get(edge.picture.id);
    if (at !== undefined && (lit === undefined || lit.has(edge.picture.id)))
      drawLabel(paint, edge, at, size);
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
