import type { Span, Trace, TraceSummary } from '../contract/trace.ts';
import type { ReceivedSpan } from './received-span.ts';

const byStart = (left: ReceivedSpan, right: ReceivedSpan): number =>
  left.startUs - right.startUs || right.durationUs - left.durationUs;

/** Spans whose parent is not there, or that would go round in a circle, are roots. */
const childrenOf = (
  spans: readonly ReceivedSpan[],
): ReadonlyMap<string, readonly ReceivedSpan[]> => {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return Map.groupBy(spans.toSorted(byStart), ({ spanId, parentSpanId }) =>
    ids.has(parentSpanId) && parentSpanId !== spanId ? parentSpanId : '',
  );
};

/** Waterfall order: parents before children, siblings by start. */
export const inWaterfallOrder = (spans: readonly ReceivedSpan[]): readonly Span[] => {
  const children = childrenOf(spans);
  const ordered: Span[] = [];
  const seen = new Set<ReceivedSpan>();
  const visit = (roots: readonly ReceivedSpan[]): void => {
    const stack = roots.toReversed().map((span) => ({ span, depth: 0 }));
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { span, depth } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      const { traceId: _, ...rest } = span;
      ordered.push({ ...rest, depth });
      const below = children.get(span.spanId) ?? [];
      for (const child of below.toReversed()) stack.push({ span: child, depth: depth + 1 });
    }
  };
  visit(children.get('') ?? []);
  // Circles have no root: they start with their earliest span.
  for (const span of spans) if (!seen.has(span)) visit([span]);
  return ordered;
};

const statusOf = ({ attributes }: Span): number => {
  const written = attributes['http.status_code'] ?? attributes['http.response.status_code'] ?? '';
  return /^\d{3}$/.test(written) ? Number(written) : 0;
};

const servicesOf = (spans: readonly ReceivedSpan[]): TraceSummary['services'] => {
  const counts = new Map<string, number>();
  for (const { service } of spans) counts.set(service, (counts.get(service) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => ({ name, spans: count }))
    .sort((left, right) => right.spans - left.spans || (left.name < right.name ? -1 : 1));
};

/** A trace of its spans, at least one. */
export const traceView = (
  traceId: string,
  spans: readonly ReceivedSpan[],
  droppedSpans: number,
): Trace => {
  const ordered = inWaterfallOrder(spans);
  const [root] = ordered;
  const startUs = Math.min(...spans.map((span) => span.startUs));
  const endUs = Math.max(...spans.map((span) => span.startUs + span.durationUs));
  return {
    traceId,
    startUs,
    durationUs: endUs - startUs,
    rootService: root?.service ?? '',
    rootName: root?.name ?? '',
    spanCount: spans.length,
    errorCount: spans.filter(({ status }) => status === 'error').length,
    services: servicesOf(spans),
    status: root === undefined ? 0 : statusOf(root),
    isWhole: root?.parentSpanId === '',
    spans: ordered,
    droppedSpans,
  };
};
