import type { Clock } from './clock.ts';

/** How much a line matters, least first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Values a log line may carry. Secrets have no place here: pass a name or a fingerprint instead. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured log: one JSON line an event. `child` binds fields to everything below it. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

const weights: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Where a logger writes: one complete line with its newline. */
export type LineSink = (line: string) => void;

/** Where a logger writes, from which level on, and what each line says besides. */
export interface LoggerOptions {
  readonly clock: Clock;
  readonly sink: LineSink;
  /** Least level written. Default `info`. */
  readonly level?: LogLevel;
  readonly fields?: LogFields;
}

/** A logger of JSON lines: `time` (RFC 3339), `level`, `message`, then the fields. */
export const createLogger = (options: LoggerOptions): Logger => {
  const least = weights[options.level ?? 'info'];
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (weights[level] < least) return;
    const time = new Date(options.clock.nowMs()).toISOString();
    options.sink(`${JSON.stringify({ time, level, message, ...options.fields, ...fields })}\n`);
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    child: (fields) => createLogger({ ...options, fields: { ...options.fields, ...fields } }),
  };
};

const ignore = (): void => undefined;

/** Discards everything; for tests and for callers that did not ask for a log. */
export const silentLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => silentLogger,
};
