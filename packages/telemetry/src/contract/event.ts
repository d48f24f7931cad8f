import type { ConfigReference } from './config.ts';

/**
 * `GET events`: server-sent events. The name of the event (`event:`) is `type`, the data is the JSON of the whole
 * object. A client that comes back with `Last-Event-ID` gets no replay: it reads again what it shows.
 * A comment line comes every 15 s to keep the connection.
 */
export type ServerEvent = MetricsEvent | ConfigEvent | ProxyEvent | TraceEvent | WarningEvent;

/** A round of scrapes is over: ask for the graph again. */
export interface MetricsEvent {
  readonly type: 'metrics';
  readonly atMs: number;
}

/** An object of the configuration or a workload changed. */
export interface ConfigEvent {
  readonly type: 'config';
  readonly atMs: number;
  readonly change: 'added' | 'modified' | 'deleted';
  readonly object: ConfigReference;
  readonly resourceVersion: string;
  /** Entry of the history; 0: none (kinds that have no history). */
  readonly historyId: number;
}

/** Sync states of proxies changed: ask for them again. */
export interface ProxyEvent {
  readonly type: 'proxies';
  readonly atMs: number;
}

/** New spans came in, at most one event a second. */
export interface TraceEvent {
  readonly type: 'traces';
  readonly atMs: number;
}

/** Something for people. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly atMs: number;
  readonly message: string;
}
