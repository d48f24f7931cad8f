export { BoundedQueue } from './bounded-queue.ts';
export { type Clock, ManualClock } from './clock.ts';
export {
  type Checked,
  type Diagnostic,
  formatDiagnostic,
  hasErrors,
  type Severity,
  type SourcePosition,
} from './diagnostic.ts';
export {
  createLogger,
  type LineSink,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  silentLogger,
} from './log.ts';
export { type Labels, Metric, type MetricKind } from './metric.ts';
export { type ProcessUsage, processMetrics } from './process-metrics.ts';
