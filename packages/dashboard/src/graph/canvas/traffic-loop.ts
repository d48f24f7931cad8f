import type { Camera } from './camera.ts';
import type { Palette } from './palette.ts';
import { type DotCanvas, paintTraffic, type Traffic } from './traffic.ts';

/** All that the moving dots depend on; plain data, so that it can be sent to a worker. */
export interface TrafficState {
  readonly traffic: Traffic;
  readonly camera: Camera;
  readonly palette: Palette;
  readonly lit: ReadonlySet<string> | undefined;
  readonly animates: boolean;
  /** Size of the canvas in its own pixels. */
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;
}

/** A frame that comes later than this counts as if it came in time: dots never leap after a pause. */
const maxStepSeconds = 0.1;

/** Paints the dots for every frame, in the page or in a worker. */
export class TrafficLoop {
  readonly #canvas: DotCanvas;
  #state: TrafficState | undefined;
  #isStill = false;
  #seconds = 0;
  #lastMs = 0;
  #frame: number;

  constructor(canvas: DotCanvas) {
    this.#canvas = canvas;
    this.#frame = requestAnimationFrame((ms) => this.#tick(ms));
  }

  /** Shows another state from the next frame on. */
  show(state: TrafficState): void {
    const { canvas } = this.#canvas;
    if (canvas.width !== state.width) canvas.width = state.width;
    if (canvas.height !== state.height) canvas.height = state.height;
    this.#state = state;
    this.#isStill = false;
  }

  /** Ends the loop. */
  close(): void {
    cancelAnimationFrame(this.#frame);
  }

  #tick(ms: number): void {
    this.#frame = requestAnimationFrame((next) => this.#tick(next));
    const state = this.#state;
    const step = Math.min(maxStepSeconds, (ms - this.#lastMs) / 1000);
    this.#lastMs = ms;
    if (state === undefined || this.#isStill) return;
    if (state.animates) this.#seconds += step;
    paintTraffic(state.traffic, { ...state, canvas: this.#canvas, seconds: this.#seconds });
    // Nothing moves and nothing changed: the next frame would be the same.
    this.#isStill = !state.animates || state.traffic.streams.length === 0;
  }
}
