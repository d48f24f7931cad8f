import { AppHealth } from './app-health.ts';
import { HealthReporter, type HealthReporterOptions } from './health-reporter.ts';
import type { ProbeSettings } from './probe-settings.ts';

export interface WatchAppOptions extends HealthReporterOptions {
  readonly probe: ProbeSettings;
}

/** Checks the app and tells istiod of each change (WorkloadGroup.probe), until closed. */
export const watchApp = (options: WatchAppOptions): { close(): void } => {
  const reporter = new HealthReporter(options);
  const health = new AppHealth({
    settings: options.probe,
    clock: options.clock,
    onChange: (problem) => reporter.report(problem),
  });
  return {
    close: () => {
      health.close();
      reporter.close();
    },
  };
};
