import {
  type Dice,
  mergeCustomTags,
  packTraceReason,
  type RouteEntry,
  type RouteTracing,
  readTraceReason,
  sampleRequest,
  type TraceReason,
  type TracingSettings,
} from '@lateen/routing';
import type { Exchange } from '../http/exchange.ts';
import type { Counter } from '../stats/metric.ts';
import { RequestSpan, type SpanHost } from './request-span.ts';
import { spanKind } from './span-encoder.ts';
import { byteText, tagNames } from './span-tag.ts';
import { type RouteTags, tagSet } from './span-tags.ts';
import type { DecidedContext, FoundContext, TraceContext } from './trace-context.ts';
import { newSpanId, newTraceId } from './trace-ids.ts';
import type { Tracer } from './tracer.ts';

/** Who this proxy is, on every span. */
export interface TracedNode {
  readonly id: string;
  readonly zone: string;
  readonly environment: (name: string) => string | undefined;
}

/** What a connection manager's tracing is made of. */
export interface RequestTracingParts {
  readonly settings: TracingSettings;
  readonly tracer: Tracer;
  readonly node: TracedNode;
  /** Requests leave the workload here, or the mesh's edge. */
  readonly isEgress: boolean;
  readonly stats: Readonly<Record<TraceReason, Counter>>;
  readonly dice: Dice;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Tracing of a connection manager: decides about requests and begins their spans. */
export class RequestTracing implements SpanHost {
  readonly settings: TracingSettings;
  readonly tracer: Tracer;
  readonly nowMs: () => number;
  readonly #parts: RequestTracingParts;
  readonly #tags: RouteTags;
  readonly #hasTrySpans: boolean;
  /** Tags of routes that have some of their own. */
  readonly #routeTags = new WeakMap<RouteTracing, RouteTags>();

  constructor(parts: RequestTracingParts) {
    this.#parts = parts;
    this.settings = parts.settings;
    this.tracer = parts.tracer;
    this.nowMs = parts.nowMs;
    this.#tags = this.#buildTags([]);
    this.#hasTrySpans = parts.settings.spawnsUpstreamSpan || parts.tracer.splitsSpans;
  }

  #buildTags(own: TracingSettings['customTags']): RouteTags {
    const { node, settings, tracer } = this.#parts;
    const { fixed, asked } = tagSet(mergeCustomTags(settings.customTags, own), node.environment);
    const all = [
      [tagNames.component, 'proxy'] as const,
      [tagNames.nodeId, byteText(node.id)] as const,
      ...(node.zone === '' ? [] : [[tagNames.zone, byteText(node.zone)] as const]),
      ...fixed,
    ];
    return { fixed: tracer.exporter?.encoder.fixedTags(all) ?? '', asked };
  }

  #tagsOf(route: RouteTracing | undefined): RouteTags {
    if (route === undefined || route.customTags.length === 0) return this.#tags;
    const known = this.#routeTags.get(route);
    if (known !== undefined) return known;
    const built = this.#buildTags(route.customTags);
    this.#routeTags.set(route, built);
    return built;
  }

  /**
   * Decides about a request whose route is known, and prepares its head: the request id says what was decided,
   * the context says whose child what follows is. `requestId`: as it is in the head. Undefined: the request
   * has no span.
   */
  begin(exchange: Exchange, requestId: string | undefined): RequestSpan | undefined {
    const { request, route } = exchange;
    const reason = this.#decide(exchange, route, requestId);
    const found = this.tracer.propagation.extract(request);
    if (found.kind === 'invalid') return undefined;
    const known = found.kind === 'context' ? found.context : undefined;
    const inherited = known === undefined ? this.#loneDecision(found) : known.sampled;
    const isSampled = this.tracer.isAlwaysOn || (inherited ?? reason !== 'not-traceable');
    if (isSampled) return this.#start(exchange, known);
    // Who comes next must not decide anew. An unsampled context that came says so already.
    const { propagation } = this.tracer;
    if (known === undefined) propagation.injectFirst(request, this.#newRoot(false));
    else if (inherited === undefined) propagation.inject(request, { ...known, sampled: false });
    return undefined;
  }

  #loneDecision(found: FoundContext): boolean | undefined {
    return found.kind === 'none' ? found.sampled : undefined;
  }

  #newRoot(sampled: boolean): DecidedContext {
    if (this.tracer.hasLongIds) {
      return { traceId: newTraceId(), spanId: newSpanId(), parentId: '', sampled };
    }
    // Zipkin's roots of short ids begin with their trace.
    const traceId = newSpanId();
    return { traceId, spanId: traceId, parentId: '', sampled };
  }

  #decide(
    { request }: Exchange,
    route: RouteEntry | undefined,
    requestId: string | undefined,
  ): TraceReason {
    const { settings, stats, dice } = this.#parts;
    const reason = sampleRequest(
      {
        requestId,
        hasClientTraceId: request.has('x-client-trace-id'),
        isForced: request.has('x-envoy-force-trace'),
      },
      settings,
      route?.tracing?.rates ?? settings.rates,
      dice,
    );
    stats[reason].value++;
    if (requestId === undefined || !settings.packsReason || !settings.usesRequestId) return reason;
    if (readTraceReason(requestId) === reason) return reason;
    const packed = packTraceReason(requestId, reason);
    if (packed !== requestId) request.set('x-request-id', packed);
    return reason;
  }

  #start(exchange: Exchange, known: TraceContext | undefined): RequestSpan {
    const { isEgress } = this.#parts;
    const { request, route } = exchange;
    const isServer = this.#hasTrySpans || !isEgress;
    const isShared = known !== undefined && !isEgress && this.tracer.sharesSpans;
    const { traceId, spanId, parentId } = known ?? this.#newRoot(true);
    const isChild = known !== undefined && !isShared;
    const context = isChild
      ? ({ traceId, spanId: newSpanId(), parentId: spanId, sampled: true } as const)
      : ({ traceId, spanId, parentId, sampled: true } as const);
    const decorator = route?.operation ?? '';
    const span = new RequestSpan(this, {
      context,
      kind: isServer ? spanKind.server : spanKind.client,
      isShared,
      operation: decorator === '' ? this.#plainOperation(exchange) : byteText(decorator),
      tags: this.#tagsOf(route?.tracing),
      isEgress,
      hasTrySpans: this.#hasTrySpans,
    });
    span.decorate(request, decorator, route?.propagatesOperation ?? true);
    span.inject(request);
    return span;
  }

  #plainOperation({ authority }: Exchange): string {
    if (this.tracer.namesByHost) return authority;
    return this.#parts.isEgress ? `egress ${authority}` : 'ingress';
  }
}
