import { processMetrics } from '@lateen/base';

/** Metrics of this process. */
export const renderProcessMetrics = (): string => {
  const { user, system } = process.cpuUsage();
  return processMetrics({
    cpuSeconds: (user + system) / 1_000_000,
    residentBytes: process.memoryUsage.rss(),
    startTime: Math.round(performance.timeOrigin) / 1_000,
  })
    .map((metric) => metric.render())
    .join('');
};
