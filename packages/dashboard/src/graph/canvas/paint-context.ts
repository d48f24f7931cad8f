import type { Camera } from './camera.ts';
import type { Focus } from './focus.ts';
import type { Palette } from './palette.ts';

/** What painting needs to know besides the things to paint. */
export interface PaintContext {
  readonly canvas: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly camera: Camera;
  readonly focus: Focus;
  /** What is not stepped back; undefined: nothing is. */
  readonly lit: ReadonlySet<string> | undefined;
  readonly showsLocks: boolean;
}
