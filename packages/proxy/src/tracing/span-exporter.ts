import { BatchExporter, type BatchLimits, type ExporterStats } from '../export/batch-exporter.ts';
import type { SendReport } from '../export/report-sender.ts';
import type { SpanEncoder } from './span-encoder.ts';

/** Collects spans and sends them in batches. */
export type SpanExporter = BatchExporter<SpanEncoder>;

/** Spans that make a report; fewer wait for the timer. Envoy's is 5: each report costs more than its spans. */
const maxBatchSpans = 512;
/** Bytes that make a report: collectors take messages of 4 MiB. */
const maxBatchBytes = 1_048_576;
/** How long a span waits for others. */
const flushIntervalMs = 1_000;

/** While reports are under way, spans beyond one more batch are dropped. */
const limits: BatchLimits = {
  fullItems: maxBatchSpans,
  fullBytes: maxBatchBytes,
  maxItems: maxBatchSpans,
  maxBytes: maxBatchBytes,
  flushIntervalMs,
};

/** An exporter of spans. */
export const createSpanExporter = (
  encoder: SpanEncoder,
  send: SendReport,
  stats: ExporterStats,
): SpanExporter => new BatchExporter(encoder, limits, send, stats);
