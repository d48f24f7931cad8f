import { iconPath } from '../../view/icon.tsx';
import type { NodeBadge, PictureNode } from '../graph-picture.ts';
import { nodeBadges } from '../node-badges.ts';
import type { PaintContext } from './paint-context.ts';
import type { SceneNode } from './scene.ts';

const radius = 11;
/** Below this zoom a node is a mark with, when there is room, its name. */
const plainScale = 0.5;

/** Letters smaller on the screen than this nobody reads; they grow in the picture as far as a node has room. */
const leastTitlePx = 11;
const leastDetailPx = 10;

const iconOf = ({ node }: PictureNode): Path2D =>
  // What nobody knows may be who asks, or what was asked for.
  node.kind === 'unknown' && node.traffic.inRequestsPerSecond > 0 ? nobody : icons[node.kind];

const toPath = (name: Parameters<typeof iconPath>[0]): Path2D => new Path2D(iconPath(name));

const icons = {
  workload: toPath('workloads'),
  app: toPath('workloads'),
  service: toPath('services'),
  gateway: toPath('gateway'),
  external: toPath('globe'),
  unknown: toPath('person'),
} as const;

const nobody = toPath('question');

const badgeIcons = Object.fromEntries(
  Object.entries(nodeBadges).map(([badge, { icon }]) => [badge, toPath(icon)]),
) as Readonly<Record<NodeBadge, Path2D>>;

const drawIcon = (
  { canvas }: PaintContext,
  path: Path2D,
  at: { x: number; y: number; size: number; colour: string },
): void => {
  canvas.save();
  canvas.translate(at.x, at.y);
  canvas.scale(at.size / 24, at.size / 24);
  canvas.strokeStyle = at.colour;
  canvas.lineWidth = 1.7;
  canvas.lineCap = 'round';
  canvas.lineJoin = 'round';
  canvas.stroke(path);
  canvas.restore();
};

const outline = (paint: PaintContext, rect: SceneNode, grow: number): void => {
  const { canvas } = paint;
  const corner = rect.picture.node.kind === 'service' ? 5 : radius;
  canvas.beginPath();
  canvas.roundRect(
    rect.x - grow,
    rect.y - grow,
    rect.width + grow * 2,
    rect.height + grow * 2,
    corner + grow,
  );
};

const drawRing = (paint: PaintContext, node: SceneNode): void => {
  const { canvas, palette, focus } = paint;
  const { id } = node.picture;
  if (focus.found.has(id)) {
    outline(paint, node, 5);
    canvas.strokeStyle = palette.sail;
    canvas.lineWidth = 3;
    canvas.stroke();
  }
  if (focus.selected !== id) return;
  outline(paint, node, 3);
  canvas.strokeStyle = palette.accent;
  canvas.lineWidth = 2.5;
  canvas.stroke();
};

const clipText = (canvas: CanvasRenderingContext2D, text: string, room: number): string => {
  if (canvas.measureText(text).width <= room) return text;
  let length = text.length;
  while (length > 1 && canvas.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length)}…`;
};

const drawBody = (paint: PaintContext, node: SceneNode): void => {
  const { canvas, palette } = paint;
  const { tone, node: data } = node.picture;
  const isTroubled = tone === 'bad' || tone === 'warn';
  outline(paint, node, 0);
  canvas.fillStyle = palette.surface;
  canvas.fill();
  canvas.lineWidth = isTroubled ? 1.6 : 1.1;
  canvas.strokeStyle = isTroubled ? palette.tones[tone] : palette.lineStrong;
  if (data.flags.isIdle || data.kind === 'unknown') canvas.setLineDash([4, 3]);
  canvas.stroke();
  canvas.setLineDash([]);
};

const drawSymbol = (paint: PaintContext, node: SceneNode): void => {
  const { canvas, palette } = paint;
  const { tone } = node.picture;
  canvas.beginPath();
  canvas.roundRect(node.x + 8, node.y + node.height / 2 - 14, 28, 28, 8);
  canvas.fillStyle = palette.softTones[tone];
  canvas.fill();
  drawIcon(paint, iconOf(node.picture), {
    x: node.x + 13,
    y: node.y + node.height / 2 - 9,
    size: 18,
    colour: palette.tones[tone],
  });
};

const textLeft = 43;

/** Letters of a size, or smaller ones if the text is seen whole then. */
const fitFont = (
  canvas: CanvasRenderingContext2D,
  text: string,
  font: { size: number; least: number; room: number; family: string },
): void => {
  canvas.font = `550 ${font.size}px ${font.family}`;
  const { width } = canvas.measureText(text);
  const size = (font.size * font.room) / width;
  if (width > font.room && size >= font.least) canvas.font = `550 ${size}px ${font.family}`;
};

const drawTexts = (paint: PaintContext, node: SceneNode): void => {
  const { canvas, palette, camera } = paint;
  const { title, detail, badges } = node.picture;
  const room = node.width - textLeft - 10;
  const middle = node.y + node.height / 2;
  const titleRoom = room - badges.length * 17;
  const titleSize = Math.min(19, Math.max(14, leastTitlePx / camera.scale));
  const detailSize = Math.min(17, Math.max(12, leastDetailPx / camera.scale));
  canvas.textAlign = 'left';
  canvas.textBaseline = 'middle';
  canvas.fillStyle = palette.ink;
  fitFont(canvas, title, { size: titleSize, least: 13.5, room: titleRoom, family: palette.font });
  canvas.fillText(
    clipText(canvas, title, titleRoom),
    node.x + textLeft,
    middle - (detail === '' ? 0 : 9),
  );
  if (detail === '') return;
  canvas.font = `450 ${detailSize}px ${palette.font}`;
  canvas.fillStyle = palette.inkQuiet;
  canvas.fillText(clipText(canvas, detail, room), node.x + textLeft, middle + 10.5);
};

const drawBadges = (paint: PaintContext, node: SceneNode): void => {
  node.picture.badges.forEach((badge, index) => {
    drawIcon(paint, badgeIcons[badge], {
      x: node.x + node.width - 24 - index * 17,
      y: node.y + 8,
      size: 14,
      colour: nodeBadges[badge].isAlarm ? paint.palette.tones.warn : paint.palette.inkQuiet,
    });
  });
};

/** In a box, whose name stands above, the version is what is missed most. */
const plainText = (
  canvas: CanvasRenderingContext2D,
  { title, shortTitle, node }: PictureNode,
  room: number,
): string =>
  shortTitle !== title && canvas.measureText(shortTitle).width > room
    ? (node.version ?? title)
    : clipText(canvas, shortTitle, room);

/** From far away: a plate in the colour of its state, the name over it as large as there is room. */
const drawPlain = (paint: PaintContext, node: SceneNode): void => {
  const { canvas, palette, camera } = paint;
  const { tone } = node.picture;
  outline(paint, node, 0);
  canvas.fillStyle = palette.softTones[tone];
  canvas.fill();
  canvas.lineWidth = Math.min(5, 1.4 / camera.scale);
  canvas.strokeStyle = palette.tones[tone];
  canvas.stroke();
  if (camera.scale < 0.13) return;
  const size = Math.min(30, 10.5 / camera.scale);
  canvas.font = `550 ${size}px ${palette.font}`;
  canvas.fillStyle = palette.ink;
  canvas.textAlign = 'center';
  canvas.textBaseline = 'middle';
  canvas.fillText(
    plainText(canvas, node.picture, node.width - 6),
    node.x + node.width / 2,
    node.y + node.height / 2,
  );
};

/** Draws a node as its size on the screen allows. */
export const paintNode = (paint: PaintContext, node: SceneNode): void => {
  const { canvas, camera, lit } = paint;
  canvas.globalAlpha = lit === undefined || lit.has(node.picture.id) ? 1 : 0.38;
  drawRing(paint, node);
  if (camera.scale < plainScale) {
    drawPlain(paint, node);
  } else {
    drawBody(paint, node);
    drawSymbol(paint, node);
    drawTexts(paint, node);
    drawBadges(paint, node);
  }
  canvas.globalAlpha = 1;
};
