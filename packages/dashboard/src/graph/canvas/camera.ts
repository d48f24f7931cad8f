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

/** Between two cameras, `part` 0 to 1. */
export const mixCameras = (from: Camera, to: Camera, part: number): Camera => ({
  x: from.x + (to.x - from.x) * part,
  y: from.y + (to.y - from.y) * part,
  scale: from.scale + (to.scale - from.scale) * part,
});
