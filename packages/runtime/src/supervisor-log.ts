import { createWriteStream, renameSync, statSync } from 'node:fs';
import { type Clock, createLogger, type Logger, type LogLevel } from '@lateen/base';

/** A log that has grown beyond this is put aside at the next start; one older file is kept. */
const maxLogBytes: number = 10 * 1024 * 1024;

/** The supervisor's own log, in a file of the state folder, with the function that closes it. */
export const openSupervisorLog = (
  path: string,
  clock: Clock,
  level: LogLevel,
): { readonly log: Logger; readonly close: () => Promise<void> } => {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes)
    renameSync(path, `${path}.1`);
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // A full disk loses the log, not the cluster.
  file.on('error', () => undefined);
  return {
    log: createLogger({ clock, level, sink: (line) => file.write(line) }),
    close: () => new Promise((resolve) => file.end(resolve)),
  };
};
