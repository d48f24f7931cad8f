import type { Point, Rect } from '../layout/layout-input.ts';

/** Which part of the picture is seen: screen = picture * scale + (x, y). */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Nearer than this nothing new is to be seen. */
export const maxScale = 2.2;
/** Farther than this nothing can be told apart. */
export const minScale = 0.06;

const clampScale = (scale: number): number => Math.min(maxScale, Math.max(minScale, scale));

/** From the screen to the picture. */
export const toPicture = ({ x, y }: Point, camera: Camera): Point => ({
  x: (x - camera.x) / camera.scale,
  y: (y - camera.y) / camera.scale,
});

/** Comes nearer by a factor; what is at `at` on the screen stays there. */
export const zoomAt = (camera: Camera, at: Point, factor: number): Camera => {
  const scale = clampScale(camera.scale * factor);
  const ratio = scale / camera.scale;
  return { scale, x: at.x - (at.x - camera.x) * ratio, y: at.y - (at.y - camera.y) * ratio };
};

/** Shows all of `bounds` in the middle, with a margin, at most at its natural size and a bit. */
export const fitCamera = (bounds: Rect, view: Rect, margin: number): Camera => {
  const width = Math.max(1, view.width - margin * 2);
  const height = Math.max(1, view.height - margin * 2);
  const scale = clampScale(
    Math.min(1.15, width / Math.max(1, bounds.width), height / Math.max(1, bounds.height)),
  );
  return {
    scale,
    x: view.x + view.width / 2 - (bounds.x + bounds.width / 2) * scale,
    y: view.y + view.height / 2 - (bounds.y + bounds.height / 2) * scale,
  };
};

/** On a surface narrower than this (a phone) a picture that fits could not be read. */
const narrowPx = 640;
/** What can be read there: names on plates. */
const readableScale = 0.46;

/**
 * The view to begin with: all of the picture, or on a narrow surface its left part, where the callers are, as large as
 * can be read. The rest is found by moving.
 */
export const startCamera = (fitted: Camera, bounds: Rect, view: Rect): Camera => {
  if (view.width > narrowPx || fitted.scale >= readableScale) return fitted;
  const height = bounds.height * readableScale;
  return {
    scale: readableScale,
    x: view.x + 12 - bounds.x * readableScale,
    y: view.y + Math.max(12, (view.height - height) / 2) - bounds.y * readableScale,
  };
};

/** Two fingers: the point between them and how far they are apart, on the screen. */
export interface Pinch extends Point {
  readonly span: number;
}

/** The view after two fingers moved: what was between them still is. */
export const pinchCamera = (camera: Camera, from: Pinch, to: Pinch): Camera => {
  const zoomed = zoomAt(camera, from, to.span / from.span);
  return { ...zoomed, x: zoomed.x + to.x - from.x, y: zoomed.y + to.y - from.y };
};

/** Between two cameras, `part` 0 to 1. */
export const mixCameras = (from: Camera, to: Camera, part: number): Camera => ({
  x: from.x + (to.x - from.x) * part,
  y: from.y + (to.y - from.y) * part,
  scale: from.scale + (to.scale - from.scale) * part,
});
