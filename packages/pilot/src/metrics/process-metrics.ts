import { Metric } from './metric.ts';

/** What Prometheus' clients say of the process they are in, as far as dashboards of istiod ask. */
export const renderProcessMetrics = (): string => {
  const { user, system } = process.cpuUsage();
  const cpu = new Metric(
    'process_cpu_seconds_total',
    'counter',
    'Total user and system CPU time spent in seconds.',
  );
  cpu.add((user + system) / 1_000_000);
  const memory = new Metric(
    'process_resident_memory_bytes',
    'gauge',
    'Resident memory size in bytes.',
  );
  memory.set(process.memoryUsage.rss());
  const start = new Metric(
    'process_start_time_seconds',
    'gauge',
    'Start time of the process since unix epoch in seconds.',
  );
  start.set(Math.round(performance.timeOrigin) / 1_000);
  return [cpu, memory, start].map((metric) => metric.render()).join('');
};
