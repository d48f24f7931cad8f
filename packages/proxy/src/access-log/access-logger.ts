import type { Logger } from '@lateen/base';
import type { AccessLogSettings, FormatContext } from '@lateen/routing';
import type { StatsRegistry } from '../stats/registry.ts';
import type { LogCollectors } from './log-collectors.ts';
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

/** Where logs of a proxy go. */
export interface LogDestinations {
  readonly files: LogSinks;
  readonly collectors: LogCollectors;
}

/** Counts lines of files that were lost (`access_log_file.lines_dropped`; ours: Envoy's never drop). */
export const watchLogFiles = (files: LogSinks, stats: StatsRegistry): void => {
  const name = 'access_log_file.lines_dropped';
  const counter = stats.counter('envoy_access_log_file_lines_dropped', {}, name);
  stats.beforeRead(() => {
    counter.value = files.dropped;
  });
};

/** Opens the logs of a configuration; kinds of sinks that are not known are left out with a warning. */
export const openAccessLogs = (
  settings: readonly AccessLogSettings[],
  { files, collectors }: LogDestinations,
  log: Logger,
): readonly AccessLogger[] =>
  settings.flatMap((one): AccessLogger[] => {
    if (one.sink.kind === 'otlp' || one.sink.kind === 'grpc') {
      const collector = collectors.open(one.sink);
      return [
        {
          write: (context) => {
            if (one.accepts(context)) collector.write(context);
          },
        },
      ];
    }
    const path = pathOf(one);
    if (path === undefined) {
      log.warn('access log sink is not known and left out', { name: one.name });
      return [];
    }
    try {
      const sink = files.open(path);
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
