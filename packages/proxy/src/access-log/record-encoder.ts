import type { FormatContext } from '@lateen/routing';
import type { BatchEncoder } from '../export/batch-exporter.ts';

/** Writes what a log says of a request or connection into a batch. */
export interface RecordEncoder extends BatchEncoder {
  add(context: FormatContext): void;
}
