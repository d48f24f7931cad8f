import { TrafficLoop, type TrafficState } from './traffic-loop.ts';
import type { TrafficMessage } from './traffic-worker.ts';

/** The canvas with the dots, whoever paints it. */
export interface TrafficLayer {
  readonly show: (state: TrafficState) => void;
  readonly close: () => void;
}

/** The page names the worker's file, which only the bundler knows. */
const workerFile = (): string | undefined =>
  document.documentElement.dataset['trafficWorker'] || undefined;

const inWorker = (element: HTMLCanvasElement, file: string): TrafficLayer => {
  const worker = new Worker(new URL(file, document.baseURI), { type: 'module' });
  const send = (message: TrafficMessage, moved: Transferable[] = []): void =>
    worker.postMessage(message, moved);
  const canvas = element.transferControlToOffscreen();
  send({ canvas }, [canvas]);
  return { show: (state) => send({ state }), close: () => worker.terminate() };
};

/**
 * Paints dots in a worker, so that the page's own thread stays free for the reader; in the page where the browser
 * cannot do that.
 */
export const openTrafficLayer = (element: HTMLCanvasElement): TrafficLayer => {
  const file = workerFile();
  if (file !== undefined && 'transferControlToOffscreen' in element) return inWorker(element, file);
  const context = element.getContext('2d');
  if (context === null) return { show: () => undefined, close: () => undefined };
  const loop = new TrafficLoop(context);
  return { show: (state) => loop.show(state), close: () => loop.close() };
};
