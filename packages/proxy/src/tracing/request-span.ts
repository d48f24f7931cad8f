import type { TracingSettings } from '@lateen/routing';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { UpstreamFailure } from '../http/upstream-connection.ts';
import type { HeaderBlock } from '../http1/header-block.ts';
import { wallMs } from '../wall-clock.ts';
import { type SpanKind, spanKind } from './span-encoder.ts';
import { byteText, maxValueCharacters } from './span-tag.ts';
import { addRequestTags, addTryTags, type RouteTags, type TracedExchange } from './span-tags.ts';
import type { TraceContext } from './trace-context.ts';
import { newSpanId } from './trace-ids.ts';
import type { Tracer } from './tracer.ts';

/** By which the two sides of a call agree on the operation's name. */
const operationHeader = 'x-envoy-decorator-operation';

/** What spans need of the tracing they belong to. */
export interface SpanHost {
  readonly tracer: Tracer;
  readonly settings: Pick<TracingSettings, 'maxPathCharacters' | 'verbose'>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** A try that is under way. */
interface OpenTry {
  readonly spanId: string;
  readonly startMs: number;
  readonly endpoint: Endpoint;
  readonly retries: number;
  status: number;
  failure: UpstreamFailure | undefined;
}

/** What a span begins with. */
export interface SpanStart {
  readonly context: TraceContext & { readonly sampled: true };
  readonly kind: SpanKind;
  readonly isShared: boolean;
  readonly operation: string;
  readonly tags: RouteTags;
  /** Requests leave here: the other side is told the operation's name. */
  readonly isEgress: boolean;
  readonly hasTrySpans: boolean;
}

/**
 * The span of one sampled request, and those of its tries where they have some. It holds what the exchange
 * does not know; the rest is read when the exchange is over, and written into the batch at once.
 */
export class RequestSpan {
  readonly #host: SpanHost;
  readonly #start: SpanStart;
  #operation: string;
  /** Answers tell clients without a proxy how the operation is called. */
  #tellsClient = false;
  #try: OpenTry | undefined = undefined;

  constructor(host: SpanHost, start: SpanStart) {
    this.#host = host;
    this.#start = start;
    this.#operation = start.operation;
  }

  /** 32 hex digits, or 16 (short B3 traces). */
  get traceId(): string {
    return this.#start.context.traceId;
  }

  get spanId(): string {
    return this.#start.context.spanId;
  }

  /** Agrees on the operation's name with the proxy on the other side (`x-envoy-decorator-operation`). */
  decorate(head: HeaderBlock, decorator: string, propagates: boolean): void {
    if (this.#start.isEgress) {
      if (decorator !== '' && propagates) head.set(operationHeader, byteText(decorator));
      return;
    }
    const told = head.get(operationHeader);
    if (told === undefined) {
      this.#tellsClient = decorator !== '' && propagates;
      return;
    }
    head.remove(operationHeader);
    if (told !== '') this.#operation = told;
  }

  /** The response's head, before it is sent. */
  onResponse(head: HeaderBlock): void {
    if (this.#tellsClient) {
      head.set(operationHeader, this.#operation);
      return;
    }
    if (!this.#start.isEgress) return;
    const told = head.get(operationHeader);
    if (told === undefined) return;
    head.remove(operationHeader);
    if (told !== '') this.#operation = told;
  }

  /** The context a copy of the request goes out with: its trace is nobody's concern. */
  injectUnsampled(head: HeaderBlock): void {
    const { propagation } = this.#host.tracer;
    propagation.inject(head, { ...this.#start.context, sampled: false });
  }

  inject(head: HeaderBlock): void {
    this.#host.tracer.propagation.inject(head, this.#start.context);
  }

  // --- tries ---------------------------------------------------------------------------------

  /** A try begins; where tries have spans, the request goes upstream with its context. */
  beginTry(exchange: TracedExchange, endpoint: Endpoint): void {
    const { context, hasTrySpans } = this.#start;
    if (!hasTrySpans) return;
    const startMs = this.#host.nowMs();
    const spanId = newSpanId();
    const retries = exchange.tries - 1;
    this.#try = { spanId, startMs, endpoint, retries, status: 0, failure: undefined };
    const parentId = context.spanId;
    this.#host.tracer.propagation.inject(exchange.request, { ...context, spanId, parentId });
  }

  tryAnswered(status: number): void {
    if (this.#try !== undefined) this.#try.status = status;
  }

  tryFailed(failure: UpstreamFailure): void {
    if (this.#try !== undefined) this.#try.failure = failure;
  }

  /** The try is over; nothing told before: it was cancelled. */
  endTry(exchange: TracedExchange): void {
    const ended = this.#try;
    if (ended === undefined) return;
    this.#try = undefined;
    const exporter = this.#host.tracer.exporter;
    if (exporter?.admits() !== true) return;
    const { encoder } = exporter;
    const { context, tags } = this.#start;
    encoder.begin({
      traceId: context.traceId,
      spanId: ended.spanId,
      parentId: context.spanId,
      name: `router ${exchange.cluster?.table.statName ?? ''} egress`,
      kind: spanKind.client,
      isShared: false,
      startMs: wallMs(ended.startMs),
      endMs: wallMs(this.#host.nowMs()),
      localLabel: exchange.connection.localLabel,
    });
    encoder.fixed(tags.fixed);
    const { status, failure, retries } = ended;
    const isCancelled = status === 0 && failure === undefined;
    const address = ended.endpoint.label;
    const outcome = { address, retries, status, failure, isCancelled };
    encoder.end(addTryTags(encoder, exchange, outcome, tags.asked));
    exporter.added();
  }

  // --- the end -------------------------------------------------------------------------------

  /** The exchange is over. */
  finish(exchange: TracedExchange): void {
    this.endTry(exchange);
    const exporter = this.#host.tracer.exporter;
    if (exporter?.admits() !== true) return;
    const { encoder } = exporter;
    const { context, tags, kind, isShared } = this.#start;
    const startMs = wallMs(exchange.startMs);
    const operation = this.#operation;
    encoder.begin({
      traceId: context.traceId,
      spanId: context.spanId,
      parentId: context.parentId,
      name:
        operation.length > maxValueCharacters ? operation.slice(0, maxValueCharacters) : operation,
      kind,
      isShared,
      startMs,
      endMs: startMs + exchange.durationMs,
      localLabel: exchange.connection.localLabel,
    });
    encoder.fixed(tags.fixed);
    const { maxPathCharacters, verbose } = this.#host.settings;
    const isError = addRequestTags(encoder, exchange, { maxPathCharacters, asked: tags.asked });
    if (verbose) this.#addEvents(exchange);
    encoder.end(isError);
    exporter.added();
  }

  /** Envoy's names of moments (`verbose`). */
  #addEvents({ requestDoneMs, responseStartMs, startMs, durationMs }: TracedExchange): void {
    const encoder = this.#host.tracer.exporter?.encoder;
    if (encoder === undefined) return;
    if (requestDoneMs > 0) encoder.event('last_downstream_rx_byte_received', wallMs(requestDoneMs));
    if (responseStartMs > 0)
      encoder.event('first_upstream_rx_byte_received', wallMs(responseStartMs));
    encoder.event('last_downstream_tx_byte_sent', wallMs(startMs + durationMs));
  }
}
