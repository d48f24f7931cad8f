import type { ClusterTable, Dice, EndpointTable } from '@lateen/routing';
import { hashOf, type LoadBalancer, type PickContext } from './balancer.ts';
import { Endpoint } from './endpoint.ts';
import { buildHashBalancer, buildLoadBalancer, isHashBalancing } from './load-balancer.ts';
import {
  byLocality,
  effectiveWeight,
  localityShares,
  plainShares,
  weighLocalities,
} from './locality-weights.ts';
import { priorityLoads } from './priority-load.ts';
import { hashModulo } from './xx-hash.ts';
import { type LocalZone, localityName, planZones, zoneBalancer } from './zone-routing.ts';

/** Drop fractions are in millionths. */
const wholeMillionths = 1_000_000;

/** Envoy's default: a priority with health x 1.4 >= 100 % takes all traffic. */
const defaultOverprovisioning = 140;

/** Endpoints that share one part of the traffic: of one priority, all healthy or all degraded. */
interface TrafficGroup {
  readonly balancer: LoadBalancer;
  /** Percent of traffic, 0-100, summed with those before. */
  readonly upTo: number;
  /** Health is ignored for want of healthy endpoints. */
  readonly panic: boolean;
}

/** What the endpoints of a cluster need from it. */
export interface EndpointSetOptions {
  readonly nowMs: () => number;
  /** Told of each pick that ignores health. */
  readonly onPanic: () => void;
  /** For zone aware routing; undefined: the proxy does not know its own cluster. */
  readonly localZone?: LocalZone | undefined;
}

/** Metadata choices kept at most: routes with `metadata_match` are few. */
const maxSelections = 64;

const noPriorities: readonly number[] = [];

const matchesMetadata = (
  endpoint: Endpoint,
  wanted: Readonly<Record<string, unknown>>,
): boolean => {
  const metadata = endpoint.entry.metadata['envoy.lb'];
  if (typeof metadata !== 'object' || metadata === null) return false;
  const has = metadata as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(has[key]) === JSON.stringify(value),
  );
};

/** The endpoints of a cluster and the balancers over them. */
export class EndpointSet {
  readonly #cluster: ClusterTable;
  readonly #options: EndpointSetOptions;
  #byKey = new Map<string, Endpoint>();
  #all: readonly Endpoint[] = [];
  #overprovisioning = defaultOverprovisioning;
  /** For requests that ask for no metadata. */
  #whole: readonly TrafficGroup[] | undefined = undefined;
  #selections = new Map<string, readonly TrafficGroup[]>();
  #drops: EndpointTable['drops'] = [];
  #start = 0;
  #callersVersion = 0;

  constructor(cluster: ClusterTable, options: EndpointSetOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#all;
  }

  get healthyCount(): number {
    return this.#all.reduce((sum, { isHealthy }) => sum + Number(isHealthy), 0);
  }

  /** Takes a new table; endpoints that stay keep their connections. Returns those that went. */
  replace(table: EndpointTable): readonly Endpoint[] {
    const before = this.#byKey;
    const now = this.#options.nowMs();
    const next = new Map<string, Endpoint>();
    for (const entry of table.endpoints) {
      const endpoint = before.get(entry.key) ?? new Endpoint(entry, now);
      endpoint.entry = entry;
      next.set(entry.key, endpoint);
    }
    this.#byKey = next;
    this.#all = [...next.values()];
    this.#overprovisioning = table.overprovisioningPercent;
    this.#drops = table.drops;
    this.invalidate();
    const gone = [...before.values()].filter(
      (endpoint) => next.get(endpoint.entry.key) !== endpoint,
    );
    for (const endpoint of gone) endpoint.removed = true;
    return gone;
  }

  /** An endpoint by its `host:port`; with `make`, added when new (original destinations). */
  find(key: string): Endpoint | undefined {
    return this.#byKey.get(key);
  }

  /** Adds an endpoint that no table lists. */
  add(endpoint: Endpoint): void {
    this.#byKey.set(endpoint.entry.key, endpoint);
    this.#all = [...this.#byKey.values()];
    this.invalidate();
  }

  /** Health has changed: balancers are built again at the next pick. */
  invalidate(): void {
    this.#whole = undefined;
    this.#selections.clear();
    this.#start++;
  }

  /** Zone aware routing depends on where the callers are, too. */
  #followCallers(): void {
    const version = this.#options.localZone?.version() ?? 0;
    if (version === this.#callersVersion) return;
    this.#callersVersion = version;
    this.invalidate();
  }

  /** How often endpoints or their health have changed. */
  get version(): number {
    return this.#start;
  }

  /** The category a request is dropped for (`drop_overloads`), undefined when it may pass. */
  drawDrop(dice: Dice): string | undefined {
    if (this.#drops.length === 0) return undefined;
    return this.#drops.find(({ fraction }) => dice(wholeMillionths) < fraction)?.category;
  }

  pick(
    context: PickContext,
    metadata: Readonly<Record<string, unknown>> | undefined,
  ): Endpoint | undefined {
    if (this.#cluster.zoneAware !== undefined) this.#followCallers();
    const groups = this.#groups(metadata, context.avoidPriorities ?? noPriorities);
    let group = groups[0];
    let picked = context;
    if (groups.length > 1) {
      // A key must stay with its priority, so the hash decides here too.
      if (isHashBalancing(this.#cluster.loadBalancing)) {
        picked = { ...context, hash: hashOf(context) };
      }
      const { hash } = picked;
      const drawn = hash === undefined ? context.dice(100) : hashModulo(hash, 100);
      group = groups.find(({ upTo }) => drawn < upTo) ?? groups.at(-1);
    }
    if (group === undefined) return undefined;
    if (group.panic) this.#options.onPanic();
    return group.balancer.pick(picked);
  }

  #groups(
    metadata: Readonly<Record<string, unknown>> | undefined,
    avoided: readonly number[],
  ): readonly TrafficGroup[] {
    if (metadata === undefined && avoided.length === 0) {
      this.#whole ??= this.#build(undefined, noPriorities);
      return this.#whole;
    }
    const key = JSON.stringify([metadata, avoided]);
    const found = this.#selections.get(key);
    if (found !== undefined) return found;
    if (this.#selections.size >= maxSelections) this.#selections.clear();
    // Nothing else is fit: all priorities are as good as at the first try.
    const isFit = this.#members(metadata, avoided).some((one) => one.isHealthy || one.isDegraded);
    const built = this.#build(metadata, isFit ? avoided : noPriorities);
    this.#selections.set(key, built);
    return built;
  }

  /** Endpoints a pick may look at. */
  #members(
    metadata: Readonly<Record<string, unknown>> | undefined,
    avoided: readonly number[],
  ): readonly Endpoint[] {
    if (metadata === undefined && avoided.length === 0) return this.#all;
    return this.#all.filter(
      (endpoint) =>
        (metadata === undefined || matchesMetadata(endpoint, metadata)) &&
        !avoided.includes(endpoint.entry.priority),
    );
  }

  #build(
    metadata: Readonly<Record<string, unknown>> | undefined,
    avoided: readonly number[],
  ): readonly TrafficGroup[] {
    const wanted = this.#members(metadata, avoided);
    const count = wanted.reduce((most, { entry }) => Math.max(most, entry.priority + 1), 0);
    const priorities = Array.from({ length: count }, (_, priority) => {
      const all = wanted.filter(({ entry }) => entry.priority === priority);
      return {
        all,
        healthy: all.filter(({ isHealthy }) => isHealthy),
        degraded: all.filter(({ isDegraded }) => isDegraded),
      };
    });
    const loads = priorityLoads(
      priorities.map(({ all, healthy, degraded }) => ({
        total: all.length,
        healthy: healthy.length,
        degraded: degraded.length,
      })),
      this.#overprovisioning,
      this.#cluster.healthyPanicPercent,
    );
    let upTo = 0;
    const group = (at: number, kind: 'healthy' | 'degraded'): readonly TrafficGroup[] => {
      const load = loads[at]?.[kind] ?? 0;
      const members = priorities[at];
      if (load === 0 || members === undefined) return [];
      upTo += load;
      const panic = loads[at]?.panic === true;
      return [
        { balancer: this.#balancer(members.all, panic ? members.all : members[kind]), upTo, panic },
      ];
    };
    return [
      ...priorities.flatMap((_, at) => group(at, 'healthy')),
      ...priorities.flatMap((_, at) => group(at, 'degraded')),
    ];
  }

  /** A balancer over `fit`, which are among `all` of a priority. */
  #balancer(all: readonly Endpoint[], fit: readonly Endpoint[]): LoadBalancer {
    const { loadBalancing, localityWeighted } = this.#cluster;
    const localities = localityWeighted ? byLocality(all, new Set(fit)) : [];
    if (isHashBalancing(loadBalancing)) {
      const shares = localityShares(localities);
      return buildHashBalancer(loadBalancing, shares.length > 0 ? shares : plainShares(fit));
    }
    const options = { start: this.#start, nowMs: this.#options.nowMs };
    const weighted = localities.flatMap((members) => {
      const weight = effectiveWeight(members, this.#overprovisioning);
      if (weight === 0) return [];
      return [{ weight, balancer: buildLoadBalancer(loadBalancing, members.fit, options) }];
    });
    if (weighted.length > 1) return weighLocalities(weighted);
    const everywhere = weighted[0]?.balancer ?? buildLoadBalancer(loadBalancing, fit, options);
    return this.#zoneBalancer(fit, everywhere) ?? everywhere;
  }

  /** Zones of the highest priority, where the cluster asks for them and they can be told. */
  #zoneBalancer(fit: readonly Endpoint[], everywhere: LoadBalancer): LoadBalancer | undefined {
    const { loadBalancing, zoneAware } = this.#cluster;
    const { localZone, nowMs } = this.#options;
    const callers = localZone?.endpoints();
    const isHighest = fit[0]?.entry.priority === 0;
    if (zoneAware === undefined || localZone === undefined || callers === undefined)
      return undefined;
    const home = localZone.locality;
    const plan = isHighest ? planZones(fit, callers, home, zoneAware.minClusterSize) : undefined;
    if (plan === undefined) return undefined;
    const options = { start: this.#start, nowMs };
    return zoneBalancer({
      plan,
      home,
      enabledPercent: zoneAware.enabledPercent,
      everywhere,
      inZone: (locality) => {
        const there = fit.filter(({ entry }) => localityName(entry.locality) === locality);
        return buildLoadBalancer(loadBalancing, there, options);
      },
    });
  }
}
