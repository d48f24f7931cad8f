import type { ForwardAction, HttpConnectionManagerSettings } from '@lateen/routing';
import { earlier, type Ticker, type Timed } from '../ticker.ts';
import type { LocalReply } from './exchange.ts';
import type { HttpStats } from './http-stats.ts';

/** What took too long: silence, the request, or the whole stream. */
export type StreamExpiry = 'idle' | 'request' | 'duration';

/** gRPC's DEADLINE_EXCEEDED. */
const deadlineExceeded = 4;

/** The answer for a stream that took too long; 504 when the fault is not the client's. */
export const describeExpiry = (kind: StreamExpiry, requestDone: boolean): LocalReply => {
  const status = requestDone ? 504 : 408;
  if (kind === 'idle') {
    return { status, body: 'stream timeout', details: 'stream_idle_timeout', flag: 'SI' };
  }
  if (kind === 'request') {
    return { status, body: 'request timeout', details: 'request_overall_timeout' };
  }
  const body = 'downstream duration timeout';
  return { status, body, details: 'max_duration_timeout', grpcStatus: deadlineExceeded };
};

/** Counts it under Envoy's name. */
export const countExpiry = (stats: HttpStats, kind: StreamExpiry): void => {
  if (kind === 'idle') stats.streamIdleTimeout.value++;
  else if (kind === 'request') stats.requestTimeout.value++;
  else stats.streamDurationReached.value++;
};

/** The stream a timer belongs to. */
export interface TimedStream {
  readonly startMs: number;
  readonly requestDone: boolean;
  expire(kind: StreamExpiry): void;
}

/** Where a timer's settings and clock come from. */
export interface StreamTimerHost {
  readonly settings: HttpConnectionManagerSettings;
  readonly deps: { readonly ticker: Ticker };
}

/** Whether streams of a connection manager need a timer wherever they are routed. */
export const needsStreamTimer = (settings: HttpConnectionManagerSettings): boolean =>
  settings.streamIdleTimeoutMs > 0 ||
  settings.requestTimeoutMs > 0 ||
  settings.maxStreamDurationMs > 0;

/** Whether a route brings times of its own. */
export const hasStreamTimes = (action: ForwardAction): boolean =>
  action.idleTimeoutMs !== undefined || action.maxStreamDurationMs !== undefined;

/**
 * Silence, request and duration of one stream (`stream_idle_timeout`, `request_timeout`,
 * `max_stream_duration`, and the route's `idle_timeout` and `max_stream_duration` over them).
 * Activity is only noted; the deadline moves when it comes.
 */
export class StreamTimer implements Timed {
  deadlineMs = 0;
  slot = -1;
  readonly #stream: TimedStream;
  readonly #ticker: Ticker;
  readonly #requestAtMs: number;
  #idleMs: number;
  #activeMs: number;
  #endAtMs: number;

  constructor(stream: TimedStream, manager: StreamTimerHost) {
    const { startMs } = stream;
    const { settings } = manager;
    const { ticker } = manager.deps;
    this.#stream = stream;
    this.#ticker = ticker;
    this.#activeMs = startMs;
    this.#idleMs = settings.streamIdleTimeoutMs;
    this.#requestAtMs = settings.requestTimeoutMs > 0 ? startMs + settings.requestTimeoutMs : 0;
    this.#endAtMs = settings.maxStreamDurationMs > 0 ? startMs + settings.maxStreamDurationMs : 0;
    this.#schedule();
    ticker.watch(this);
  }

  /** The route's times beat those of the connection manager; 0 switches one off. */
  applyRoute({ idleTimeoutMs, maxStreamDurationMs: most }: ForwardAction): void {
    if (idleTimeoutMs !== undefined) this.#idleMs = idleTimeoutMs;
    if (most !== undefined) this.#endAtMs = most > 0 ? this.#stream.startMs + most : 0;
    this.#schedule();
  }

  /** Something was received or sent. */
  touch(nowMs: number): void {
    this.#activeMs = nowMs;
  }

  stop(): void {
    this.#ticker.unwatch(this);
  }

  get #idleAtMs(): number {
    return this.#idleMs > 0 ? this.#activeMs + this.#idleMs : 0;
  }

  #schedule(): void {
    const requestAtMs = this.#stream.requestDone ? 0 : this.#requestAtMs;
    this.deadlineMs = earlier(this.#idleAtMs, earlier(requestAtMs, this.#endAtMs));
  }

  onDeadline(nowMs: number): void {
    const isDue = (atMs: number): boolean => atMs > 0 && nowMs >= atMs;
    if (!this.#stream.requestDone && isDue(this.#requestAtMs)) this.#stream.expire('request');
    else if (isDue(this.#endAtMs)) this.#stream.expire('duration');
    else if (isDue(this.#idleAtMs)) this.#stream.expire('idle');
    else this.#schedule();
  }
}
