import type { ServerEvent } from '@lateen/telemetry/contract';
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';

/** What a page can be told about. */
export type LiveTopic = ServerEvent['type'];

/** `waiting`: not connected yet; `lost`: the server does not answer, it is tried again. */
export type Connection = 'waiting' | 'live' | 'lost';

const topics: readonly LiveTopic[] = ['metrics', 'config', 'proxies', 'traces', 'warning'];

const counters = Object.fromEntries(topics.map((topic) => [topic, signal(0)])) as Record<
  LiveTopic,
  Signal<number>
>;

const state: Signal<Connection> = signal('waiting');
/** Whether news come in. */
export const connection: ReadonlySignal<Connection> = state;
/** The reader stopped the picture: news are counted when it goes on. */
export const isPaused: Signal<boolean> = signal(false);

const missed = new Set<LiveTopic>();

const announce = (topic: LiveTopic): void => {
  if (isPaused.value) {
    missed.add(topic);
    return;
  }
  counters[topic].value += 1;
};

/** A number that grows with every piece of news about any of the topics. */
export const newsOf = (wanted: readonly LiveTopic[]): number =>
  wanted.reduce((sum, topic) => sum + counters[topic].value, 0);

/** Stops the picture or lets it go on; what was missed is read then. */
export const setPaused = (paused: boolean): void => {
  isPaused.value = paused;
  if (paused) return;
  for (const topic of missed) counters[topic].value += 1;
  missed.clear();
};

/** After this long without the event stream pages ask by themselves. */
const pollMs = 5000;
/**
 * The server tells of every scrape, each five seconds. Silence of this length is a connection that nobody closed: a
 * proxy between, or a machine that slept.
 */
const silentMs = 30_000;

let heardMs = 0;
const hear = (): void => {
  heardMs = performance.now();
};

const openStream = (): EventSource => {
  const source = new EventSource('api/v1/events');
  hear();
  source.addEventListener('open', () => {
    hear();
    const wasLost = state.value === 'lost';
    state.value = 'live';
    if (wasLost) for (const topic of topics) announce(topic);
  });
  source.addEventListener('error', () => {
    state.value = 'lost';
  });
  for (const topic of topics)
    source.addEventListener(topic, () => {
      hear();
      announce(topic);
    });
  return source;
};

/** Listens to the server's events for as long as the page lives. */
export const connectLive = (): void => {
  let source = openStream();
  setInterval(() => {
    if (document.visibilityState !== 'visible') return;
    if (performance.now() - heardMs > silentMs) {
      state.value = 'lost';
      source.close();
    }
    if (state.value !== 'lost') return;
    announce('metrics');
    // The browser comes back by itself unless the server answered with an error.
    if (source.readyState === EventSource.CLOSED) source = openStream();
  }, pollMs);
};
