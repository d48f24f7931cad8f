import { labelGap, type PictureEdge } from '../graph-picture.ts';
import type { Rect } from '../layout/layout-input.ts';
import { pointAlong } from './edge-curve.ts';
import type { Scene, SceneEdge } from './scene.ts';

/** Letters of texts on lines: at this size in the picture, or larger where that would be too small on the screen. */
const labelSize = 12;
/** Smaller on the screen nobody reads it. */
const leastScreenSize = 10.5;
/** Larger in the picture it would not fit between two columns. */
const mostSize = 22;

interface LabelTexts {
  readonly label: string;
  readonly trouble: string;
}

/** What stands on a line, and the middle of it. */
export interface PlacedLabel extends LabelTexts {
  readonly x: number;
  readonly y: number;
}

/** Size of the letters of labels in units of the picture. */
export const labelFontSize = (scale: number): number =>
  Math.min(mostSize, Math.max(labelSize, Math.round((leastScreenSize / scale) * 2) / 2));

/** Parts of the way along a line where its label may stand, best first. */
const stops: readonly number[] = [0.56, 0.48, 0.64, 0.4, 0.72, 0.32, 0.8, 0.24];
/** A label over a node hides what is more important. */
const nodePenalty = 3;
/** Every number takes the room of this one: when numbers change, nothing moves. */
const anyNumber = '00.0';

const lettersOf = (text: string): number => text.replace(/[\d.]+/g, anyNumber).length;

/** What a label says, longest form first: where there is no room for all, what fails is what remains. */
const formsOf = ({ label, trouble }: PictureEdge): readonly LabelTexts[] => {
  const [first = ''] = label.split(labelGap);
  const forms = [
    { label, trouble },
    { label: first, trouble },
    trouble === '' ? { label: first, trouble } : { label: '', trouble },
  ];
  return forms.filter((form, at) => at === 0 || roomOf(form, 1) < roomOf(forms[at - 1] ?? form, 1));
};

/** Width that a label needs, about. */
const roomOf = ({ label, trouble }: LabelTexts, size: number): number => {
  const gap = label === '' || trouble === '' ? 0 : 1;
  return (lettersOf(label) + lettersOf(trouble) + gap) * size * 0.52 + size;
};

const overlap = (a: Rect, b: Rect): number => {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
};

const sumOverlap = (rect: Rect, others: readonly Rect[]): number => {
  let sum = 0;
  for (const other of others) sum += overlap(rect, other);
  return sum;
};

const point = { x: 0, y: 0 };

interface Place extends LabelTexts {
  readonly rect: Rect;
  readonly hidden: number;
}

const placeForm = (
  edge: SceneEdge,
  texts: LabelTexts,
  size: number,
  taken: { readonly labels: readonly Rect[]; readonly nodes: readonly Rect[] },
): Place => {
  const width = roomOf(texts, size) + (edge.picture.isLocked ? size : 0);
  const height = size * 1.5;
  let rect: Rect = { x: 0, y: 0, width, height };
  let hidden = Number.POSITIVE_INFINITY;
  for (const stop of stops) {
    pointAlong(edge.samples, edge.samples.length * stop, point);
    const here = { x: point.x - width / 2, y: point.y - height / 2, width, height };
    const hides = sumOverlap(here, taken.labels) + sumOverlap(here, taken.nodes) * nodePenalty;
    if (hides >= hidden) continue;
    rect = here;
    hidden = hides;
    if (hides === 0) break;
  }
  return { ...texts, rect, hidden };
};

const placeLabel = (
  edge: SceneEdge,
  size: number,
  taken: { readonly labels: readonly Rect[]; readonly nodes: readonly Rect[] },
): Place => {
  const [longest, ...shorter] = formsOf(edge.picture);
  let best = placeForm(edge, longest ?? edge.picture, size, taken);
  for (const texts of shorter) {
    if (best.hidden === 0) break;
    const place = placeForm(edge, texts, size, taken);
    if (place.hidden < best.hidden) best = place;
  }
  return best;
};

const isEmpty = ({ label, trouble, isLocked }: PictureEdge): boolean =>
  label === '' && trouble === '' && !isLocked;

/** Labels of lines by their ids: on their lines, off nodes and each other as far as there is room. */
export const placeLabels = (
  scene: Scene,
  edges: readonly SceneEdge[],
  size: number,
): ReadonlyMap<string, PlacedLabel> => {
  const labels: Rect[] = [];
  const places = new Map<string, PlacedLabel>();
  for (const edge of edges) {
    if (isEmpty(edge.picture)) continue;
    const { rect, label, trouble } = placeLabel(edge, size, { labels, nodes: scene.nodes });
    labels.push(rect);
    const middle = { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
    places.set(edge.picture.id, { label, trouble, ...middle });
  }
  return places;
};
