import type { PaintContext } from './paint-context.ts';
import { paintEdgeHalos, paintEdges, paintLabels } from './paint-edges.ts';
import { paintNode } from './paint-nodes.ts';
import type { Scene, SceneFrame } from './scene.ts';

interface FrameLook {
  readonly radius: number;
  readonly fill: string;
  readonly line: string;
  readonly dash: readonly number[];
  readonly title: { readonly size: number; readonly colour: string; readonly inset: number };
}

const paintFrame = (
  { canvas, palette, camera }: PaintContext,
  frame: SceneFrame,
  look: FrameLook,
) => {
  canvas.beginPath();
  canvas.roundRect(frame.x, frame.y, frame.width, frame.height, look.radius);
  canvas.fillStyle = look.fill;
  canvas.fill();
  canvas.lineWidth = Math.min(3, 1.1 / Math.min(1, camera.scale));
  canvas.strokeStyle = look.line;
  canvas.setLineDash([...look.dash]);
  canvas.stroke();
  canvas.setLineDash([]);
  const size = Math.min(28, Math.max(look.title.size, 12 / camera.scale));
  canvas.font = `600 ${size}px ${palette.font}`;
  canvas.fillStyle = look.title.colour;
  canvas.textAlign = 'left';
  canvas.textBaseline = 'top';
  canvas.fillText(
    frame.title,
    frame.x + look.title.inset,
    frame.y + look.title.inset * 0.72 - (size - look.title.size) * 0.3,
  );
};

const paintFrames = (paint: PaintContext, scene: Scene): void => {
  const { palette, camera } = paint;
  for (const region of scene.regions)
    paintFrame(paint, region, {
      radius: 22,
      fill: 'transparent',
      line: palette.lineStrong,
      dash: [8, 6],
      title: { size: 14, colour: palette.inkQuiet, inset: 18 },
    });
  for (const area of scene.areas)
    paintFrame(paint, area, {
      radius: 18,
      fill: palette.surface,
      line: palette.line,
      dash: [],
      title: { size: 12.5, colour: palette.inkQuiet, inset: 16 },
    });
  if (camera.scale < 0.3) return;
  for (const box of scene.boxes)
    paintFrame(paint, box, {
      radius: 14,
      fill: palette.ground,
      line: palette.line,
      dash: [],
      title: { size: 11.5, colour: palette.inkQuiet, inset: 11 },
    });
};

const begin = ({ canvas, camera }: PaintContext, pixelRatio: number): void => {
  canvas.setTransform(1, 0, 0, 1, 0, 0);
  canvas.clearRect(0, 0, canvas.canvas.width, canvas.canvas.height);
  const zoom = camera.scale * pixelRatio;
  canvas.setTransform(zoom, 0, 0, zoom, camera.x * pixelRatio, camera.y * pixelRatio);
  canvas.globalAlpha = 1;
};

/** Paints what lies under the moving dots: frames and lines. */
export const paintBelow = (paint: PaintContext, scene: Scene, pixelRatio: number): void => {
  begin(paint, pixelRatio);
  paintFrames(paint, scene);
  paintEdgeHalos(paint, scene);
  paintEdges(paint, scene);
};

/** Paints what lies over the moving dots: nodes, and the texts on lines. */
export const paintAbove = (paint: PaintContext, scene: Scene, pixelRatio: number): void => {
  begin(paint, pixelRatio);
  for (const node of scene.nodes) paintNode(paint, node);
  paintLabels(paint, scene);
};
