import type { Logger } from '@lateen/base';
import type { AccessLogSettings, FormatContext } from '@lateen/routing';
import type { LogSinks } from './log-sink.ts';

/** One access log of a connection manager, TCP proxy or listener. */
export interface AccessLogger {
  write(context: FormatContext): void;
}

const pathOf = ({ sink }: AccessLogSettings): string | undefined => {
  if (sink.kind === 'file') return sink.path;
  if (sink.kind === 'stdout') return '/dev/stdout';
  return sink.kind === 'stderr' ? '/dev/stderr' : undefined;
};

/** Opens the logs of a configuration; kinds of sinks that are not known are left out with a warning. */
export const openAccessLogs = (
  settings: readonly AccessLogSettings[],
  sinks: LogSinks,
  log: Logger,
): readonly AccessLogger[] =>
  settings.flatMap((one): AccessLogger[] => {
    const path = pathOf(one);
    if (path === undefined) {
      log.warn('access log sink is not known and left out', { name: one.name });
      return [];
    }
    try {
      const sink = sinks.open(path);
      return [
        {
          write: (context) => {
            if (one.accepts(context)) sink.append(one.format(context));
          },
        },
      ];
    } catch (error) {
      log.error('access log cannot be opened', { path, error: String(error) });
      return [];
    }
  });
