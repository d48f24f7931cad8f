import { type Clock, createLogger, type LineSink, type Logger, type LogLevel } from '@lateen/base';

/** A log whose level an operator changes while it runs (`/logging?level=debug`). */
export interface AdjustableLog {
  readonly log: Logger;
  readonly level: LogLevel;
  /** False: no such level. */
  setLevel(level: string): boolean;
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Whether the text names a level. */
export const isLogLevel = (text: string): text is LogLevel => levels.some((one) => one === text);

/** Creates a log that starts at `first`. */
export const createAdjustableLog = (
  clock: Clock,
  sink: LineSink,
  first: LogLevel,
): AdjustableLog => {
  let level = first;
  let current = createLogger({ clock, sink, level });
  const log: Logger = {
    debug: (message, fields) => current.debug(message, fields),
    info: (message, fields) => current.info(message, fields),
    warn: (message, fields) => current.warn(message, fields),
    error: (message, fields) => current.error(message, fields),
    child: (fields) => current.child(fields),
  };
  return {
    log,
    get level() {
      return level;
    },
    setLevel: (text) => {
      if (!isLogLevel(text)) return false;
      level = text;
      current = createLogger({ clock, sink, level });
      return true;
    },
  };
};
