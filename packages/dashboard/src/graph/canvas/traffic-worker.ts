import { TrafficLoop, type TrafficState } from './traffic-loop.ts';

/** What the page sends: the canvas once, then states. */
export interface TrafficMessage {
  readonly canvas?: OffscreenCanvas;
  readonly state?: TrafficState;
}

let loop: TrafficLoop | undefined;

addEventListener('message', ({ data }: MessageEvent<TrafficMessage>) => {
  const context = data.canvas?.getContext('2d');
  if (context) loop = new TrafficLoop(context);
  if (data.state !== undefined) loop?.show(data.state);
});
