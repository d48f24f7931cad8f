import { callMetrics as families } from '../metrics/call-families.ts';
import type { LabelSet } from '../metrics/label-set.ts';
import { addBuckets, observed } from '../metrics/metrics-query.ts';
import type { RoundRange } from '../metrics/scrape-rounds.ts';
import { type CounterSeries, type HistogramSeries, type Series, sumOf } from '../metrics/series.ts';
import type { SeriesStore } from '../metrics/series-store.ts';
import { addCall, type Call, type CallEnd, type CallProtocol, emptyCall } from './call.ts';
import { outcomeOf } from './call-outcome.ts';

const unknown = 'unknown';

const text = (labels: LabelSet, name: string): string => labels[name] || unknown;

/** Canonical names beat the older labels, as in Kiali. */
const endOf = (labels: LabelSet, side: 'source' | 'destination'): CallEnd => {
  const canonical = text(labels, `${side}_canonical_service`);
  const revision = text(labels, `${side}_canonical_revision`);
  const workload = text(labels, `${side}_workload`);
  return {
    cluster: text(labels, `${side}_cluster`),
    namespace: text(labels, `${side}_workload_namespace`),
    workload,
    app: canonical === unknown ? text(labels, `${side}_app`) : canonical,
    version:
      canonical === unknown || revision === unknown ? text(labels, `${side}_version`) : revision,
  };
};

/** Bytes of these rounds: of a counter, or the sum of a histogram of sizes. */
export const bytesOf = (series: Series, slots: readonly number[]): number => {
  if (series.kind === 'counter') return sumOf(series.increments, slots);
  return series.kind === 'histogram' ? sumOf(series.sums, slots) : 0;
};

const protocolOf = (labels: LabelSet): CallProtocol => {
  const protocol = labels['request_protocol'];
  return protocol === 'grpc' || protocol === 'tcp' ? protocol : 'http';
};

type CallParties = Pick<Call, 'source' | 'target' | 'service' | 'protocol'>;

/** What the labels of a call say, whatever was measured. */
interface CallNames extends CallParties {
  readonly reporter: 'source' | 'destination';
  readonly key: string;
  /** Pairs both sides report: by workloads, since they may name the service differently. */
  readonly pair: string;
}

const readNames = (labels: LabelSet): CallNames => {
  const source = endOf(labels, 'source');
  const target = endOf(labels, 'destination');
  const service = {
    host: text(labels, 'destination_service'),
    name: text(labels, 'destination_service_name'),
    namespace: text(labels, 'destination_service_namespace'),
  };
  const protocol = protocolOf(labels);
  return {
    ...{ source, target, service, protocol },
    reporter: labels['reporter'] === 'destination' ? 'destination' : 'source',
    key: [
      ...[source.cluster, source.namespace, source.workload, source.version],
      ...[target.cluster, target.namespace, target.workload, target.version],
      ...[service.namespace, service.name, protocol],
    ].join('\u0000'),
    pair: [
      ...[source.cluster, source.namespace, source.workload],
      ...[target.cluster, target.namespace, target.workload, protocol],
    ].join('\u0000'),
  };
};

/** Label sets do not change: each is read once for all graphs. */
const namesOfSets = new WeakMap<LabelSet, CallNames>();

const namesOf = (labels: LabelSet): CallNames => {
  const known = namesOfSets.get(labels);
  if (known !== undefined) return known;
  const names = readNames(labels);
  namesOfSets.set(labels, names);
  return names;
};

/** Label sets are shared by the metrics of a call: read once. */
class CallReader {
  readonly #slots: readonly number[];
  readonly #timesMs: readonly number[];
  readonly #pairs = new Map<Call, string>();
  readonly #calls: Record<'source' | 'destination', Map<string, Call>> = {
    source: new Map(),
    destination: new Map(),
  };

  constructor({ slots, timesMs }: RoundRange) {
    this.#slots = slots;
    this.#timesMs = timesMs;
  }

  read(store: SeriesStore, ofMesh: boolean): void {
    const read = (family: string): Iterable<Series> =>
      ofMesh ? store.seriesOfMesh(family) : store.series(family);
    for (const series of read(families.requests)) this.#requests(series);
    for (const series of read(families.durations)) this.#durations(series);
    for (const series of read(families.opened)) this.#connections(series);
    const out = [families.requestBytes, families.received].flatMap((name) => [...read(name)]);
    const back = [families.responseBytes, families.sent].flatMap((name) => [...read(name)]);
    for (const series of out) {
      const bytes = bytesOf(series, this.#slots);
      if (bytes === 0) continue;
      const call = this.#callOf(series.labels);
      call.bytesOut += bytes;
      call.outBytes.push(series);
      if (series.kind === 'counter')
        call.lastActiveMs = Math.max(call.lastActiveMs, this.#lastActive(series));
    }
    for (const series of back) {
      const bytes = bytesOf(series, this.#slots);
      if (bytes === 0) continue;
      const call = this.#callOf(series.labels);
      call.bytesIn += bytes;
      call.inBytes.push(series);
    }
  }

  /**
   * Calls as their sources report them; what only the destination knows (sources without a proxy, or one
   * that cannot be scraped) as it reports them. Only destinations know whether mutual TLS was used.
   */
  merged(): readonly Call[] {
    const { source, destination } = this.#calls;
    const pairOf = (call: Call): string => this.#pairs.get(call) ?? '';
    const reported = Map.groupBy(source.values(), pairOf);
    const calls = [...source.values()];
    for (const call of destination.values()) {
      const same = reported.get(pairOf(call));
      if (same === undefined || call.source.workload === unknown) calls.push(call);
      else for (const one of same) addSecurity(one, call);
    }
    return calls;
  }

  #callOf(labels: LabelSet): Call {
    const names = namesOf(labels);
    const calls = this.#calls[names.reporter];
    const known = calls.get(names.key);
    if (known !== undefined) return known;
    const { source, target, service, protocol } = names;
    const made = emptyCall({ source, target, service, protocol });
    calls.set(names.key, made);
    this.#pairs.set(made, names.pair);
    return made;
  }

  #requests(series: Series): void {
    if (series.kind !== 'counter') return;
    const count = sumOf(series.increments, this.#slots);
    if (count === 0) return;
    const { labels } = series;
    const call = this.#callOf(labels);
    const grpc = labels['grpc_response_status'] ?? '';
    const code = labels['response_code'] ?? '0';
    const outcome = outcomeOf(code, grpc);
    call.requests += count;
    if (outcome === 'error') call.errors += count;
    if (outcome === 'client-error') call.clientErrors += count;
    call.counters.push({ series, outcome });
    call.lastActiveMs = Math.max(call.lastActiveMs, this.#lastActive(series));
    add(call.codes, grpc === '' ? code : `grpc:${grpc}`, count);
    this.#common(call, labels, count);
  }

  #lastActive({ increments }: CounterSeries): number {
    const slots = this.#slots;
    for (let index = slots.length - 1; index >= 0; index--) {
      if ((increments?.[slots[index] as number] ?? 0) > 0) return this.#timesMs[index] as number;
    }
    return 0;
  }

  #connections(series: Series): void {
    if (series.kind !== 'counter') return;
    const count = sumOf(series.increments, this.#slots);
    if (count === 0) return;
    const call = this.#callOf(series.labels);
    call.connections += count;
    this.#common(call, series.labels, count);
  }

  #common(call: Call, labels: LabelSet, count: number): void {
    add(call.flags, labels['response_flags'] || '-', count);
    add(call.hosts, text(labels, 'destination_service'), count);
    const source = labels['source_principal'] || unknown;
    const target = labels['destination_principal'] || unknown;
    if (source !== unknown) call.sourcePrincipals.add(source);
    if (target !== unknown) call.targetPrincipals.add(target);
    const security = labels['connection_security_policy'] || unknown;
    if (security === unknown) return;
    call.securityKnown += count;
    if (security === 'mutual_tls') call.mutualTls += count;
  }

  #durations(series: Series): void {
    if (series.kind !== 'histogram') return;
    const { count, sum } = observed(series, this.#slots);
    if (count === 0) return;
    const call = this.#callOf(series.labels);
    call.durationCount += count;
    call.durationSumMs += sum;
    call.durations.push(series as HistogramSeries);
    addBuckets(series, this.#slots, call.durationBuckets);
  }
}

const add = (counts: Map<string, number>, key: string, count: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + count);
};

const addSecurity = (into: Call, from: Call): void => {
  into.securityKnown += from.securityKnown;
  into.mutualTls += from.mutualTls;
  for (const one of from.sourcePrincipals) into.sourcePrincipals.add(one);
  for (const one of from.targetPrincipals) into.targetPrincipals.add(one);
};

/** Calls with traffic in these rounds, that the cluster's own proxies report; `ofMesh`: and those of other clusters. */
export const readCalls = (
  store: SeriesStore,
  range: RoundRange,
  ofMesh = false,
): readonly Call[] => {
  const reader = new CallReader(range);
  reader.read(store, ofMesh);
  return reader.merged();
};

/** Adds calls up that mean the same, by a key. */
export const mergeCalls = (
  calls: readonly Call[],
  keyOfCall: (call: Call) => string,
): ReadonlyMap<string, Call> => {
  const merged = new Map<string, Call>();
  for (const call of calls) {
    const key = keyOfCall(call);
    const known = merged.get(key);
    if (known === undefined) {
      const fresh = emptyCall(call);
      addCall(fresh, call);
      merged.set(key, fresh);
    } else addCall(known, call);
  }
  return merged;
};
