import type { Span, Trace } from '@lateen/telemetry/contract';

/** A span as a bar. */
export interface WaterfallRow {
  readonly span: Span;
  /** Left edge and width in percent of the whole. */
  readonly left: number;
  readonly width: number;
  readonly childCount: number;
  /** Time in the span that no child covers, microseconds. */
  readonly ownUs: number;
}

/** Narrower bars could not be seen. */
const minWidth = 0.25;

/** Length covered by intervals that may overlap. */
const covered = (intervals: readonly (readonly [number, number])[]): number => {
  let total = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const [from, to] of intervals.toSorted((a, b) => a[0] - b[0])) {
    total += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return total;
};

const ownTime = (span: Span, children: readonly Span[]): number => {
  const end = span.startUs + span.durationUs;
  const inside = children.map((child): readonly [number, number] => [
    Math.max(span.startUs, child.startUs),
    Math.min(end, child.startUs + child.durationUs),
  ]);
  return span.durationUs - covered(inside.filter(([from, to]) => to > from));
};

/**
 * Bars of a trace in the order of its spans, without what is below a folded span (by its id). The whole is from the
 * first start to the last end, which may be after the root's: answers can be sent late.
 */
export const layoutWaterfall = (
  { spans }: Trace,
  folded: ReadonlySet<string>,
): {
  readonly rows: readonly WaterfallRow[];
  readonly startUs: number;
  readonly wholeUs: number;
} => {
  const startUs = spans.reduce(
    (least, span) => Math.min(least, span.startUs),
    Number.POSITIVE_INFINITY,
  );
  const endUs = spans.reduce((most, span) => Math.max(most, span.startUs + span.durationUs), 0);
  const wholeUs = Math.max(1, endUs - startUs);
  const children = Map.groupBy(spans, ({ parentSpanId }) => parentSpanId);
  const rows: WaterfallRow[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const span of spans) {
    if (span.depth > hiddenBelow) continue;
    hiddenBelow = folded.has(span.spanId) ? span.depth : Number.POSITIVE_INFINITY;
    const own = children.get(span.spanId) ?? [];
    rows.push({
      span,
      left: Math.min(100 - minWidth, ((span.startUs - startUs) / wholeUs) * 100),
      width: Math.max(minWidth, (span.durationUs / wholeUs) * 100),
      childCount: own.length,
      ownUs: ownTime(span, own),
    });
  }
  return { rows, startUs, wholeUs };
};

/** A colour for each service, the same for all of a trace: hue 0-359. */
export const serviceHues = (spans: readonly Span[]): ReadonlyMap<string, number> => {
  const names = [...new Set(spans.map(({ service }) => service))];
  return new Map(names.map((name, index) => [name, Math.round(195 + index * 137.5) % 360]));
};
