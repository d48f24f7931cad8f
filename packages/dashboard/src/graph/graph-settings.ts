import type { GraphView } from '@lateen/telemetry/contract';
import { effect, type Signal, signal } from '@preact/signals';

/** What can be written on a line. */
export type EdgeLabel = 'rate' | 'share' | 'latency' | 'errors' | 'bytes';

/** Which latency. */
export type Percentile = 'average' | 'p50' | 'p90' | 'p95' | 'p99';

/** What the reader chose about the graph. */
export interface GraphSettings {
  readonly view: GraphView;
  readonly labels: readonly EdgeLabel[];
  readonly percentile: Percentile;
  readonly showsIdle: boolean;
  readonly showsServices: boolean;
  readonly showsFrames: boolean;
  readonly showsLocks: boolean;
  readonly animates: boolean;
}

const storageKey = 'lateen.graph';

/** What a reader sees who has chosen nothing yet. */
export const defaultGraphSettings: GraphSettings = {
  view: 'versionedApp',
  labels: ['rate', 'share', 'errors'],
  percentile: 'p95',
  showsIdle: true,
  showsServices: false,
  showsFrames: true,
  showsLocks: true,
  animates: true,
};

const readSaved = (): Partial<GraphSettings> => {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Partial<GraphSettings>;
  } catch {
    return {};
  }
};

/** What the reader chose about the graph; kept in the browser. */
export const graphSettings: Signal<GraphSettings> = signal({
  ...defaultGraphSettings,
  ...readSaved(),
});

effect(() => {
  try {
    localStorage.setItem(storageKey, JSON.stringify(graphSettings.value));
  } catch {
    // Without storage the choices last as long as the page.
  }
});

/** Changes some of the choices. */
export const changeGraph = (change: Partial<GraphSettings>): void => {
  graphSettings.value = { ...graphSettings.value, ...change };
};
