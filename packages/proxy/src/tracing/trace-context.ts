import type { HeaderBlock } from '../http1/header-block.ts';

/** What a request says about the trace it belongs to. Ids are lower-case hex. */
export interface TraceContext {
  /** 32 digits, or 16 (B3). */
  readonly traceId: string;
  /** 16 digits: the span that sent the request. */
  readonly spanId: string;
  /** The span above that; empty: none, or not told. */
  readonly parentId: string;
  /** Undefined: left to us. */
  readonly sampled: boolean | undefined;
}

/** A context with which nothing is left to decide. */
export type DecidedContext = TraceContext & { readonly sampled: boolean };

/**
 * What the headers hold. `none`: nothing; `sampled` may be decided without ids (B3). `invalid`: ids that
 * are none, which Envoy hands on as they are, without a span.
 */
export type FoundContext =
  | { readonly kind: 'none'; readonly sampled: boolean | undefined }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'context'; readonly context: TraceContext };

/** How a tracer reads and writes contexts in headers. */
export interface Propagation {
  extract(head: HeaderBlock): FoundContext;
  /** Replaces what is there. */
  inject(head: HeaderBlock, context: DecidedContext): void;
  /** As `inject`, into a head in which `extract` found nothing. */
  injectFirst(head: HeaderBlock, context: DecidedContext): void;
}

/** No context and no decision: what most requests at the edge have. */
export const noContext: FoundContext = { kind: 'none', sampled: undefined };
export const invalidContext: FoundContext = { kind: 'invalid' };
