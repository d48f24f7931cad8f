import type { GraphEdge } from '@lateen/telemetry/contract';
import type { PictureTone } from '../graph-picture.ts';
import type { Camera } from './camera.ts';
import { pointAlong, type SampledCurve } from './edge-curve.ts';
import type { Palette } from './palette.ts';
import type { Scene, SceneEdge } from './scene.ts';

/** Dots in the whole picture, at most: drawing them costs about 1 us each and frame. */
const maxDots = 700;
/** Dots on one line, at most. */
const maxDotsOnEdge = 14;

/** Dots that move along one line. */
interface Stream {
  readonly id: string;
  readonly samples: SampledCurve;
  readonly tone: PictureTone;
  readonly dots: number;
  /** Picture units a second. */
  readonly speed: number;
  readonly errorShare: number;
  readonly size: number;
  readonly shift: number;
}

/** Everything that moves. */
export interface Traffic {
  readonly streams: readonly Stream[];
}

const amountOf = (edge: GraphEdge): number =>
  edge.protocol === 'tcp'
    ? (edge.bytesPerSecondIn + edge.bytesPerSecondOut) / 2000
    : edge.requestsPerSecond;

/** Slow answers move slowly: 190 a second at 1 ms, 40 at 10 s. */
const speedOf = (edge: GraphEdge): number => {
  const ms = edge.p50Ms ?? edge.averageMs ?? 20;
  return Math.min(190, Math.max(40, 190 - Math.log10(Math.max(1, ms)) * 38));
};

/** One more dot for each doubling, or so, of the traffic. */
const dotsOf = (edge: GraphEdge, length: number): number => {
  const amount = amountOf(edge);
  if (amount <= 0) return 0;
  const wanted = 1 + Math.log2(1 + amount) * 1.3;
  return Math.max(1, Math.min(maxDotsOnEdge, Math.round(wanted * Math.min(2, length / 160))));
};

/** A number from 0 to 1 that looks like chance and is always the same for the same input. */
const chance = (seed: number): number => {
  const mixed = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b);
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
};

const streamOf = ({ picture, samples }: SceneEdge, index: number): Stream => ({
  id: picture.id,
  samples,
  tone: picture.tone,
  dots: dotsOf(picture.edge, samples.length),
  speed: speedOf(picture.edge),
  errorShare: (picture.edge.errorShare ?? 0) + (picture.edge.clientErrorShare ?? 0) * 0.5,
  size: 1.6 + picture.width * 0.45,
  shift: chance(index),
});

/** Decides what moves; the busiest lines come first when there are too many dots. */
export const planTraffic = (scene: Scene): Traffic => {
  const streams = scene.edges
    .map(streamOf)
    .filter(({ dots }) => dots > 0)
    .sort((a, b) => b.dots - a.dots);
  const total = streams.reduce((sum, { dots }) => sum + dots, 0);
  if (total <= maxDots) return { streams };
  const scale = maxDots / total;
  return {
    streams: streams
      .map((stream) => ({ ...stream, dots: Math.max(1, Math.round(stream.dots * scale)) }))
      .slice(0, maxDots),
  };
};

/** A canvas of the page, or one that a worker draws on. */
export type DotCanvas = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Where a frame is painted. */
export interface TrafficFrame {
  readonly canvas: DotCanvas;
  readonly camera: Camera;
  readonly palette: Palette;
  readonly pixelRatio: number;
  readonly lit: ReadonlySet<string> | undefined;
  /** Seconds since anything; only differences count. */
  readonly seconds: number;
}

const at = { x: 0, y: 0 };

const isSeen = (frame: TrafficFrame, width: number, height: number): boolean => {
  const x = at.x * frame.camera.scale + frame.camera.x;
  const y = at.y * frame.camera.scale + frame.camera.y;
  return x > -8 && y > -8 && x < width && y < height;
};

type Batches = Map<string, number[]>;

/** Adds the dots of one line at this moment to the batch of their colour: x, y, size. */
const placeDots = (stream: Stream, frame: TrafficFrame, batches: Batches): void => {
  const { canvas, pixelRatio, palette } = frame;
  const width = canvas.canvas.width / pixelRatio;
  const height = canvas.canvas.height / pixelRatio;
  const turns = (frame.seconds * stream.speed) / stream.samples.length + stream.shift;
  for (let dot = 0; dot < stream.dots; dot++) {
    const turn = turns + dot / stream.dots;
    const lap = Math.floor(turn);
    pointAlong(stream.samples, (turn - lap) * stream.samples.length, at);
    if (!isSeen(frame, width, height)) continue;
    const isError = stream.errorShare > 0 && chance(lap * 31 + dot * 7) < stream.errorShare;
    const colour = isError ? palette.tones.bad : palette.tones[stream.tone];
    const batch = batches.get(colour) ?? [];
    batch.push(at.x, at.y, isError ? stream.size + 1 : stream.size);
    batches.set(colour, batch);
  }
};

/** Paints one frame. Called for every frame of the display. */
export const paintTraffic = (traffic: Traffic, frame: TrafficFrame): void => {
  const { canvas, camera, pixelRatio, lit } = frame;
  canvas.setTransform(1, 0, 0, 1, 0, 0);
  canvas.clearRect(0, 0, canvas.canvas.width, canvas.canvas.height);
  const zoom = camera.scale * pixelRatio;
  canvas.setTransform(zoom, 0, 0, zoom, camera.x * pixelRatio, camera.y * pixelRatio);
  const batches: Batches = new Map();
  for (const stream of traffic.streams) {
    if (lit === undefined || lit.has(stream.id)) placeDots(stream, frame, batches);
  }
  const grow = Math.max(1, 0.5 / camera.scale);
  for (const [colour, dots] of batches) {
    canvas.fillStyle = colour;
    canvas.beginPath();
    for (let index = 0; index < dots.length; index += 3) {
      const x = dots[index] ?? 0;
      const y = dots[index + 1] ?? 0;
      const size = (dots[index + 2] ?? 2) * grow;
      canvas.moveTo(x + size, y);
      canvas.arc(x, y, size, 0, 6.2832);
    }
    canvas.fill();
  }
};
