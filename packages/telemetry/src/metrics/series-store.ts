import { LabelSets } from './label-set.ts';
import {
  decodeSeries,
  type MetricKind,
  type PrometheusSink,
  type ScanResult,
  type SeriesBytes,
  scanPrometheus,
} from './prometheus-scanner.ts';
import { ScrapeRounds } from './scrape-rounds.ts';
import {
  type CounterSeries,
  clearSlot,
  type HistogramSeries,
  releaseColumns,
  type Series,
  type TargetInfo,
} from './series.ts';
import {
  addIncrements,
  bucketIndex,
  doubles,
  finishHistogram,
  floats,
  type WriteContext,
  writeCounter,
  writeGauge,
} from './series-writer.ts';
import type { ToldSeries } from './told-series.ts';

/** Bounds of a store. */
export interface SeriesLimits {
  /** Rounds of scrapes kept. */
  readonly rounds: number;
  /** Series of all targets; a histogram counts once. */
  readonly maxSeries: number;
  /** Columns and labels. */
  readonly maxBytes: number;
}

/** 15 minutes at 5 s, and the round counting starts from; 50,000 series are about 4,000 pairs of workloads. */
export const defaultSeriesLimits: SeriesLimits = {
  rounds: 181,
  maxSeries: 50_000,
  maxBytes: 192 * 1024 * 1024,
};

/** Families that dashboards ask for; the others are not kept. */
const keptFamilies =
  /^(?:istio_|pilot_|citadel_|galley_|lateen_|envoy_server_(?:live|uptime|memory_)|envoy_cluster_upstream_(?:cx_active|cx_total|cx_connect_fail|cx_rx_bytes_total|cx_tx_bytes_total|rq_active|rq_pending_overflow|rq_retry|rq_timeout|cx_overflow)$|process_(?:cpu|resident|virtual|start)|go_(?:goroutines|memstats_alloc_bytes)$)/;

/** Istio's histograms by the names of their series. */
const histogramPart =
  /^(istio_(?:request_duration_milliseconds|request_bytes|response_bytes)|pilot_proxy_convergence_time|pilot_pushcontext_init_seconds)_(?:bucket|sum|count)$/;

/** Two bytes a character of a label, and the objects around them. */
const bytesPerCharacter = 2;
const bytesPerSeries = 320;
/** Rounds between looks for series that nobody needs any more. */
const sweepEveryRounds = 12;
/** Part of the bound that is free after an eviction, so that it does not happen again at once. */
const evictedShare = 0.1;

/** What a scanned key means in one target. */
type Slot =
  | { readonly part: 'value'; readonly series: Exclude<Series, HistogramSeries> }
  | { readonly part: 'bucket'; readonly series: HistogramSeries; readonly bound: number }
  | { readonly part: 'sum'; readonly series: HistogramSeries }
  | { readonly part: 'ignored'; readonly series: undefined };

const ignored: Slot = { part: 'ignored', series: undefined };

/** What is known of a target between scrapes. */
interface TargetState {
  readonly info: TargetInfo;
  readonly slots: Map<number, Slot>;
  readonly histograms: Map<string, HistogramSeries>;
  /** Of clusters that tell increments: by family and `ToldSeries.key`. */
  readonly told: Map<string, CounterSeries | HistogramSeries>;
  /** New series count from 0: we know that they were not there before. */
  countsFromZero: boolean;
  isGone: boolean;
}

type Families = Map<string, { readonly kind: MetricKind; readonly series: Set<Series> }>;

type Emptiness = Omit<
  HistogramSeries,
  'family' | 'labels' | 'target' | 'seenRound' | 'changedRound' | 'isNew'
>;

const emptyHistogram = (): Emptiness => ({
  ...{ kind: 'histogram', bounds: [], last: [], current: [], increments: [] },
  ...{ lastSum: 0, currentSum: 0, sums: undefined },
});

const forgetIn = <T extends Series>(map: Map<string, T>, gone: ReadonlySet<Series>): void => {
  for (const [key, series] of map) if (gone.has(series)) map.delete(key);
};

/** How full a store is. */
export interface StoreUse {
  readonly series: number;
  readonly bytes: number;
  /** Series dropped or refused because a bound was reached. */
  readonly evicted: number;
}

/**
 * Recent metrics of many targets, as increments a round: sums over a window are exact, whatever
 * restarted in it. Bounded in rounds, series and bytes; what is over is evicted, the stalest first, and counted.
 */
export class SeriesStore {
  readonly rounds: ScrapeRounds;
  readonly #limits: SeriesLimits;
  readonly #seed: number;
  readonly #labels = new LabelSets();
  readonly #targets = new Map<string, TargetState>();
  readonly #families: Families = new Map();
  /** What other clusters told. */
  readonly #toldFamilies: Families = new Map();
  #seriesCount = 0;
  #columnBytes = 0;
  #evicted = 0;
  /** The round in which nothing was left to drop. */
  #fullRound = -1;

  /** `seed`: any number, of this process only. */
  constructor(limits: SeriesLimits = defaultSeriesLimits, seed = 0) {
    this.#limits = limits;
    this.#seed = seed;
    this.rounds = new ScrapeRounds(limits.rounds);
  }

  get use(): StoreUse {
    return { series: this.#seriesCount, bytes: this.#bytes, evicted: this.#evicted };
  }

  get limits(): SeriesLimits {
    return this.#limits;
  }

  /** Kept families and their kinds, sorted. */
  families(): readonly { readonly name: string; readonly kind: MetricKind }[] {
    return [...this.#families]
      .filter(([, { series }]) => series.size > 0)
      .map(([name, { kind }]) => ({ name, kind }))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** All series of a family that were scraped here, in the order they were found. */
  series(family: string): Iterable<Series> {
    return this.#families.get(family)?.series ?? [];
  }

  /** The same with those that other clusters told. */
  *seriesOfMesh(family: string): Iterable<Series> {
    yield* this.series(family);
    yield* this.#toldFamilies.get(family)?.series ?? [];
  }

  /** Begins a round of scrapes; the oldest is forgotten. */
  beginRound(atMs: number): void {
    const slot = this.rounds.begin(atMs);
    if (this.rounds.newest >= this.rounds.capacity) this.#forget(slot);
    if (this.rounds.newest % sweepEveryRounds === 0) this.#sweep();
  }

  /**
   * Takes a scrape of a target in the current round. `startedAtMs`: when the target's counters began; one that began
   * after the store's first round counts from 0, any other from what it says first.
   */
  ingest(info: TargetInfo, bytes: Uint8Array, startedAtMs = 0): ScanResult {
    const target = this.#target(info, startedAtMs);
    const touched = new Set<HistogramSeries>();
    let family = '';
    let kind: MetricKind = 'untyped';
    const context = this.#context();
    const sink: PrometheusSink = {
      family: (name, found) => {
        // A Prometheus that hands samples on has forgotten their types.
        const part = found === 'untyped' ? histogramPart.exec(name)?.[1] : undefined;
        family = part ?? name;
        kind = part === undefined ? found : 'histogram';
        return keptFamilies.test(family);
      },
      sample: (key, at, value) => {
        let slot = target.slots.get(key);
        if (slot === undefined) {
          slot = this.#resolve(target, { family, kind, at, value });
          target.slots.set(key, slot);
        }
        this.#write(slot, value, { context, touched });
      },
    };
    const result = scanPrometheus(bytes, sink, this.#seed);
    for (const series of touched) this.#finish(series, context);
    target.countsFromZero = true;
    return result;
  }

  /** Takes what the eyes of another cluster counted; what is older than the rounds kept is passed over. */
  add(info: TargetInfo, told: ToldSeries): void {
    const target = this.#target(info, 0);
    const context = this.#context();
    const { round } = context;
    const slotAt = (timeMs: number): number | undefined => this.rounds.slotAt(timeMs);
    const double = { round, slotAt, make: () => doubles(context) };
    const float = { round, slotAt, make: () => floats(context) };
    const series = this.#told(target, told);
    if (series?.kind === 'counter' && told.kind === 'counter') {
      const write = { ...double, told: told.increments };
      series.increments = addIncrements(series, series.increments, write);
    }
    if (series?.kind !== 'histogram' || told.kind !== 'histogram') return;
    for (const [bound, increments] of told.buckets) {
      const index = bucketIndex(series, bound);
      const write = { ...float, told: increments };
      series.increments[index] = addIncrements(series, series.increments[index], write);
    }
    series.sums = addIncrements(series, series.sums, { ...double, told: told.sums });
  }

  /** The target is no more; its series stay as long as their values. */
  removeTarget(id: string): void {
    const target = this.#targets.get(id);
    if (target === undefined) return;
    target.isGone = true;
    target.slots.clear();
    target.histograms.clear();
    target.told.clear();
    this.#targets.delete(id);
  }

  get #bytes(): number {
    const labels = this.#labels.characters * bytesPerCharacter;
    return this.#columnBytes + labels + this.#seriesCount * bytesPerSeries;
  }

  #context(): WriteContext {
    const { newest, slot, capacity } = this.rounds;
    return { capacity, round: newest, slot, allocate: (bytes) => this.#allocate(bytes) };
  }

  #target(info: TargetInfo, startedAtMs: number): TargetState {
    const known = this.#targets.get(info.id);
    if (known !== undefined) return known;
    const isYoung =
      startedAtMs > 0 && startedAtMs >= this.rounds.oldestMs && this.rounds.newest > 0;
    const made: TargetState = {
      info,
      slots: new Map(),
      histograms: new Map(),
      told: new Map(),
      countsFromZero: isYoung,
      isGone: false,
    };
    this.#targets.set(info.id, made);
    return made;
  }

  #write(
    slot: Slot,
    value: number,
    {
      context,
      touched,
    }: { readonly context: WriteContext; readonly touched: Set<HistogramSeries> },
  ): void {
    switch (slot.part) {
      case 'value':
        if (slot.series.kind === 'counter') writeCounter(slot.series, value, context);
        else writeGauge(slot.series, value, context);
        return;
      case 'bucket':
        slot.series.current[bucketIndex(slot.series, slot.bound)] = value;
        touched.add(slot.series);
        return;
      case 'sum':
        slot.series.currentSum = value;
        return;
      case 'ignored':
        return;
    }
  }

  #finish(series: HistogramSeries, context: WriteContext): void {
    if (series.isNew) {
      // What it held before we saw it is not what happened in this round.
      series.isNew = false;
      series.last = [...series.current];
      series.lastSum = series.currentSum;
    }
    finishHistogram(series, context);
  }

  #resolve(
    target: TargetState,
    read: {
      readonly family: string;
      readonly kind: MetricKind;
      readonly at: SeriesBytes;
      readonly value: number;
    },
  ): Slot {
    const decoded = decodeSeries(read.at);
    if (decoded === undefined) return ignored;
    const { name, labels } = decoded;
    if (read.kind === 'histogram') return this.#histogramSlot(target, read.family, decoded);
    if (!this.#hasRoom()) return ignored;
    const isCounter =
      read.kind === 'counter' || (read.kind === 'untyped' && name.endsWith('_total'));
    const base = {
      ...{ family: name, labels: this.#labels.acquire(labels), target: target.info },
      ...{ seenRound: this.rounds.newest, changedRound: this.rounds.newest },
    };
    const series: Exclude<Series, HistogramSeries> = isCounter
      ? {
          ...base,
          kind: 'counter',
          last: target.countsFromZero ? 0 : read.value,
          increments: undefined,
        }
      : { ...base, kind: 'gauge', last: Number.NaN, values: undefined };
    this.#add(series, isCounter ? 'counter' : read.kind);
    return { part: 'value', series };
  }

  #histogramSlot(
    target: TargetState,
    family: string,
    {
      name,
      labels,
    }: { readonly name: string; readonly labels: readonly (readonly [string, string])[] },
  ): Slot {
    if (name === `${family}_count`) return ignored;
    const rest = labels.filter(([label]) => label !== 'le');
    const series = this.#histogram(target, family, rest);
    if (series === undefined) return ignored;
    if (name === `${family}_sum`) return { part: 'sum', series };
    const bound = labels.find(([label]) => label === 'le')?.[1];
    if (name !== `${family}_bucket` || bound === undefined) return ignored;
    const value = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    return Number.isNaN(value) ? ignored : { part: 'bucket', series, bound: value };
  }

  #histogram(
    target: TargetState,
    family: string,
    labels: readonly (readonly [string, string])[],
  ): HistogramSeries | undefined {
    const set = this.#labels.acquire(labels);
    const key = `${family} ${JSON.stringify(set)}`;
    const known = target.histograms.get(key);
    if (known !== undefined || !this.#hasRoom()) {
      this.#labels.release(set);
      return known;
    }
    const made: HistogramSeries = {
      ...{ family, labels: set, target: target.info },
      ...{ seenRound: this.rounds.newest, changedRound: this.rounds.newest },
      ...{ ...emptyHistogram(), isNew: !target.countsFromZero },
    };
    target.histograms.set(key, made);
    this.#add(made, 'histogram');
    return made;
  }

  #told(target: TargetState, told: ToldSeries): CounterSeries | HistogramSeries | undefined {
    const key = `${told.family} ${told.key}`;
    const known = target.told.get(key);
    if (known !== undefined || !this.#hasRoom()) return known;
    const base = {
      ...{ family: told.family, labels: this.#labels.acquire(told.labels), target: target.info },
      ...{ seenRound: this.rounds.newest, changedRound: this.rounds.newest },
    };
    const made: CounterSeries | HistogramSeries =
      told.kind === 'counter'
        ? { ...base, kind: 'counter', last: 0, increments: undefined }
        : { ...base, ...emptyHistogram(), isNew: false };
    target.told.set(key, made);
    this.#add(made, told.kind);
    return made;
  }

  #familiesOf({ target }: Series): Families {
    return target.cluster === undefined ? this.#families : this.#toldFamilies;
  }

  #add(series: Series, kind: MetricKind): void {
    const families = this.#familiesOf(series);
    const family = families.get(series.family);
    if (family === undefined) families.set(series.family, { kind, series: new Set([series]) });
    else family.series.add(series);
    this.#seriesCount++;
  }

  #hasRoom(): boolean {
    const { maxSeries } = this.#limits;
    if (this.#seriesCount < maxSeries) return true;
    // Looked for once a round: whatever is new finds it as full as the one before.
    if (this.#fullRound !== this.rounds.newest) this.#dropUnseen();
    if (this.#seriesCount < maxSeries) return true;
    this.#fullRound = this.rounds.newest;
    this.#evicted++;
    return false;
  }

  /** Drops series that their proxies no longer tell of, those first that are gone for longest. */
  #dropUnseen(): void {
    const told = this.rounds.newest - 1;
    const unseen = [...this.#all()]
      .filter(({ seenRound }) => seenRound < told)
      .sort((left, right) => left.seenRound - right.seenRound)
      .slice(0, Math.ceil(this.#limits.maxSeries * evictedShare));
    for (const series of unseen) this.#drop(series);
    this.#evicted += unseen.length;
    if (unseen.length > 0) this.#forgetSlotsOf(new Set(unseen));
  }

  /** False only when not even eviction makes room. */
  #allocate(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limits.maxBytes) this.#evict();
    if (this.#bytes + bytes > this.#limits.maxBytes) {
      this.#evicted++;
      return false;
    }
    this.#columnBytes += bytes;
    return true;
  }

  *#all(): Iterable<Series> {
    for (const { series } of this.#families.values()) yield* series;
    for (const { series } of this.#toldFamilies.values()) yield* series;
  }

  /** Empties the slot that a new round takes over. */
  #forget(slot: number): void {
    for (const series of this.#all()) clearSlot(series, slot);
  }

  /** Gives back columns that hold nothing any more, and series that are not written any more. */
  #sweep(): void {
    const before = this.rounds.newest - this.rounds.capacity;
    const gone: Series[] = [];
    for (const series of this.#all()) {
      if (series.seenRound <= before) gone.push(series);
      else if (series.changedRound <= before && series.kind !== 'gauge') this.#release(series);
    }
    for (const series of gone) this.#drop(series);
    if (gone.length > 0) this.#forgetSlotsOf(new Set(gone));
  }

  #forgetSlotsOf(gone: ReadonlySet<Series>): void {
    for (const { slots, histograms, told } of this.#targets.values()) {
      for (const [key, slot] of slots) {
        if (slot.series === undefined || gone.has(slot.series)) slots.delete(key);
      }
      forgetIn(histograms, gone);
      forgetIn(told, gone);
    }
  }

  /** Frees the columns of the series that changed least recently. */
  #evict(): void {
    const aim = this.#limits.maxBytes * (1 - evictedShare);
    const stalest = [...this.#all()].sort((left, right) => left.changedRound - right.changedRound);
    for (const series of stalest) {
      if (this.#bytes <= aim) return;
      const before = this.#columnBytes;
      this.#release(series);
      if (this.#columnBytes < before) this.#evicted++;
    }
  }

  #release(series: Series): void {
    this.#columnBytes -= releaseColumns(series);
  }

  #drop(series: Series): void {
    this.#release(series);
    this.#labels.release(series.labels);
    const family = this.#familiesOf(series).get(series.family);
    if (family?.series.delete(series) === true) this.#seriesCount--;
  }
}
