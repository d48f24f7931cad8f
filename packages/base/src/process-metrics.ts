import { Metric } from './metric.ts';

/** What a process has used. */
export interface ProcessUsage {
  /** User and system time. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Seconds since the epoch. */
  readonly startTime: number;
}

/** What Prometheus' clients say of the process they are in, as far as dashboards of istiod and API servers ask. */
export const processMetrics = (usage: ProcessUsage): readonly Metric[] => {
  const cpu = new Metric(
    'process_cpu_seconds_total',
    'counter',
    'Total user and system CPU time spent in seconds.',
  );
  cpu.add(usage.cpuSeconds);
  const memory = new Metric(
    'process_resident_memory_bytes',
    'gauge',
    'Resident memory size in bytes.',
  );
  memory.set(usage.residentBytes);
  const start = new Metric(
    'process_start_time_seconds',
    'gauge',
    'Start time of the process since unix epoch in seconds.',
  );
  start.set(usage.startTime);
  return [cpu, memory, start];
};
