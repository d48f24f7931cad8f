import type { BatchEncoder } from '../export/batch-exporter.ts';
import type { TagName } from './span-tag.ts';

/** Span kinds as OTLP numbers them. */
export const spanKind = { server: 2, client: 3 } as const;

export type SpanKind = (typeof spanKind)[keyof typeof spanKind];

/** What every span has. Times are milliseconds since the epoch, with fractions. */
export interface SpanHead {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: a root. */
  readonly parentId: string;
  /** In the form of header values: one character a byte. */
  readonly name: string;
  readonly kind: SpanKind;
  /** The span has the id of the caller's (Zipkin). */
  readonly isShared: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** `address:port` that the request came to. */
  readonly localLabel: string;
}

/**
 * Writes spans one after the other into a growing batch: `begin`, tags and events, `end`. Text is in the
 * form of header values.
 */
export interface SpanEncoder extends BatchEncoder {
  /** Tags that are the same for many spans, in this encoder's form: made once, then `fixed`. */
  fixedTags(tags: readonly (readonly [TagName, string])[]): string;
  begin(span: SpanHead): void;
  fixed(tags: string): void;
  tag(name: TagName, value: string): void;
  /** After the tags. */
  event(name: string, atMs: number): void;
  end(isError: boolean): void;
}
