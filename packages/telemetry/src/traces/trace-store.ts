import type { Status } from '../contract/status.ts';
import type { Trace, TraceSummary } from '../contract/trace.ts';
import type { ReceivedSpan } from './received-span.ts';
import { traceView } from './trace-view.ts';

/** Bounds of a store. */
export interface TraceLimits {
  readonly maxTraces: number;
  readonly maxSpans: number;
  readonly maxBytes: number;
  /** Of one trace: a loop of calls must not push out everything else. */
  readonly maxSpansPerTrace: number;
}

/** A quarter of an hour at five traces a second with twenty spans each. */
export const defaultTraceLimits: TraceLimits = {
  maxTraces: 5_000,
  maxSpans: 100_000,
  maxBytes: 128 * 1024 * 1024,
  maxSpansPerTrace: 2_000,
};

interface StoredSpan {
  readonly span: ReceivedSpan;
  /** Place in the order of arrival; 0: told by the eyes of another cluster. */
  readonly order: number;
}

interface StoredTrace {
  readonly spans: Map<string, StoredSpan>;
  /** Of the newest of its spans. */
  newest: number;
  bytes: number;
  dropped: number;
  summary: TraceSummary | undefined;
}

/** What a list of traces is narrowed to. */
export interface TraceFilter {
  readonly service: string;
  /** Part of a span's name, without regard to case. */
  readonly operation: string;
  readonly minDurationUs: number;
  readonly maxDurationUs: number;
  readonly onlyErrors: boolean;
  readonly fromUs: number;
  readonly toUs: number;
  readonly tags: readonly (readonly [string, string])[];
  readonly limit: number;
}

const bytesPerSpan = 600;
const bytesPerCharacter = 2;

const sizeOf = (span: ReceivedSpan): number => {
  let characters = span.name.length + span.service.length + span.statusMessage.length;
  const { attributes } = span;
  // Without an array of pairs: every span that comes goes through here.
  for (const name in attributes) characters += name.length + (attributes[name]?.length ?? 0);
  for (const { name, attributes } of span.events) {
    characters += name.length + JSON.stringify(attributes).length;
  }
  return bytesPerSpan + characters * bytesPerCharacter;
};

const spansOf = ({ spans }: StoredTrace): readonly ReceivedSpan[] =>
  [...spans.values()].map(({ span }) => span);

/** Recent traces in memory. The oldest is forgotten first. */
export class TraceStore {
  readonly #limits: TraceLimits;
  /** In the order of their first spans. */
  readonly #traces = new Map<string, StoredTrace>();
  #spans = 0;
  #bytes = 0;
  #evictedTraces = 0;
  #evictedSpans = 0;
  #order = 0;
  #told = 0;

  constructor(limits: TraceLimits = defaultTraceLimits) {
    this.#limits = limits;
  }

  /** Adds a span that was sent here; the same span sent again replaces the first. */
  add(span: ReceivedSpan): void {
    this.#add({ span, order: ++this.#order });
  }

  /** Adds a span that was sent to another cluster of the mesh. What is older than all that is kept pushes nothing out. */
  addTold(span: ReceivedSpan): void {
    if (!this.#traces.has(span.traceId) && this.#isPast(span)) return;
    this.#told++;
    this.#add({ span, order: 0 });
  }

  /** Spans of other clusters that were taken since the start. */
  get told(): number {
    return this.#told;
  }

  /** The newest of the spans that were sent here after one, at most `limit`, and where to go on from. */
  since(
    after: number,
    limit: number,
  ): { readonly spans: readonly ReceivedSpan[]; readonly next: number } {
    const found: StoredSpan[] = [];
    for (const { spans, newest } of this.#traces.values()) {
      if (newest <= after) continue;
      for (const one of spans.values()) if (one.order > after) found.push(one);
    }
    const newest = found.sort((left, right) => left.order - right.order).slice(-limit);
    return { spans: newest.map(({ span }) => span), next: this.#order };
  }

  /** Spans of a trace that were sent here. */
  own(traceId: string): readonly ReceivedSpan[] {
    const { spans = new Map<string, StoredSpan>() } = this.#traces.get(traceId) ?? {};
    return [...spans.values()].filter(({ order }) => order > 0).map(({ span }) => span);
  }

  #add(stored: StoredSpan): void {
    const { span, order } = stored;
    const trace = this.#trace(span.traceId);
    // Both sides of one call may share an id (Zipkin): kinds keep them apart.
    const key = `${span.spanId} ${span.kind}`;
    const before = trace.spans.get(key);
    if (before === undefined && trace.spans.size >= this.#limits.maxSpansPerTrace) {
      trace.dropped++;
      this.#evictedSpans++;
      return;
    }
    const size = sizeOf(span) - (before === undefined ? 0 : sizeOf(before.span));
    trace.spans.set(key, stored);
    trace.newest = Math.max(trace.newest, order);
    trace.bytes += size;
    trace.summary = undefined;
    this.#bytes += size;
    if (before === undefined) this.#spans++;
    this.#evict(span.traceId);
  }

  /** Undefined: never seen, or forgotten. */
  get(traceId: string): Trace | undefined {
    const trace = this.#traces.get(traceId);
    return trace && traceView(traceId, spansOf(trace), trace.dropped);
  }

  /** Newest first. */
  list(filter: TraceFilter): readonly TraceSummary[] {
    const found: TraceSummary[] = [];
    for (const [traceId, trace] of this.#traces) {
      if (fits(trace, filter, () => this.#summary(traceId, trace))) {
        found.push(this.#summary(traceId, trace));
      }
    }
    return found.sort((left, right) => right.startUs - left.startUs).slice(0, filter.limit);
  }

  /** Names of all services with spans, sorted. */
  services(): readonly string[] {
    const names = new Set<string>();
    for (const { spans } of this.#traces.values()) {
      for (const { span } of spans.values()) names.add(span.service);
    }
    return [...names].sort();
  }

  get evicted(): number {
    return this.#evictedTraces;
  }

  fill(): Pick<Status['tracing'], 'traces' | 'spans' | 'bytes'> {
    const { maxTraces, maxSpans, maxBytes } = this.#limits;
    return {
      traces: { used: this.#traces.size, limit: maxTraces, evicted: this.#evictedTraces },
      spans: { used: this.#spans, limit: maxSpans, evicted: this.#evictedSpans },
      bytes: { used: this.#bytes, limit: maxBytes, evicted: this.#evictedTraces },
    };
  }

  /** Whether something was evicted already, and a span is older than what would be next. */
  #isPast({ startUs }: ReceivedSpan): boolean {
    if (this.#evictedTraces === 0) return false;
    const [oldest] = this.#traces.values();
    const [first] = oldest?.spans.values() ?? [];
    return first !== undefined && startUs < first.span.startUs;
  }

  #trace(traceId: string): StoredTrace {
    const known = this.#traces.get(traceId);
    if (known !== undefined) return known;
    const made: StoredTrace = {
      ...{ spans: new Map(), newest: 0, bytes: 0, dropped: 0, summary: undefined },
    };
    this.#traces.set(traceId, made);
    return made;
  }

  #summary(traceId: string, trace: StoredTrace): TraceSummary {
    if (trace.summary === undefined) {
      const {
        spans: _,
        droppedSpans: __,
        ...summary
      } = traceView(traceId, spansOf(trace), trace.dropped);
      trace.summary = summary;
    }
    return trace.summary;
  }

  #evict(kept: string): void {
    const { maxTraces, maxSpans, maxBytes } = this.#limits;
    for (const [traceId, trace] of this.#traces) {
      const isFull =
        this.#traces.size > maxTraces || this.#spans > maxSpans || this.#bytes > maxBytes;
      if (!isFull) return;
      if (traceId === kept && this.#traces.size > 1) continue;
      this.#traces.delete(traceId);
      this.#spans -= trace.spans.size;
      this.#bytes -= trace.bytes;
      this.#evictedTraces++;
      this.#evictedSpans += trace.spans.size;
    }
  }
}

const fits = (trace: StoredTrace, filter: TraceFilter, summarize: () => TraceSummary): boolean => {
  const { startUs, durationUs, errorCount } = summarize();
  if (startUs < filter.fromUs || startUs > filter.toUs) return false;
  if (durationUs < filter.minDurationUs || durationUs > filter.maxDurationUs) return false;
  if (filter.onlyErrors && errorCount === 0) return false;
  const all = spansOf(trace);
  if (filter.service !== '' && !all.some(({ service }) => service === filter.service)) return false;
  const operation = filter.operation.toLowerCase();
  if (operation !== '' && !all.some(({ name }) => name.toLowerCase().includes(operation))) {
    return false;
  }
  return filter.tags.every(([name, value]) =>
    all.some(({ attributes }) => attributes[name] === value),
  );
};
