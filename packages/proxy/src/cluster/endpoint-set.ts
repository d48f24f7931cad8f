import type { ClusterTable, EndpointTable } from '@lateen/routing';
import type { LoadBalancer, PickContext } from './balancer.ts';
import { Endpoint } from './endpoint.ts';
import { buildLoadBalancer } from './load-balancer.ts';

/** Envoy's default: a priority with health x 1.4 >= 100 % takes all traffic. */
const defaultOverprovisioning = 140;

/** Balancers of one priority. */
interface PriorityGroup {
  readonly balancer: LoadBalancer;
  /** Percent of traffic, 0-100, summed with those before. */
  readonly share: number;
}

/** Endpoints of one choice of metadata, ready to pick from. */
interface Selection {
  readonly groups: readonly PriorityGroup[];
  readonly panic: boolean;
}

/** Metadata choices kept at most: routes with `metadata_match` are few. */
const maxSelections = 64;

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

/** Percent of traffic each priority takes: health fills from the highest down (Envoy's rule). */
const priorityShares = (
  priorities: readonly (readonly Endpoint[])[],
  overprovisioning: number,
): readonly number[] => {
  let left = 100;
  const shares = priorities.map((endpoints) => {
    const healthy = endpoints.filter(({ isHealthy }) => isHealthy).length;
    const health = endpoints.length === 0 ? 0 : (healthy / endpoints.length) * overprovisioning;
    const share = Math.min(left, Math.floor(health));
    left -= share;
    return share;
  });
  const total = 100 - left;
  if (total === 0 || total === 100) return shares;
  return shares.map((share) => (share / total) * 100);
};

/** The endpoints of a cluster and the balancers over them. */
export class EndpointSet {
  readonly #cluster: ClusterTable;
  #byKey = new Map<string, Endpoint>();
  #all: readonly Endpoint[] = [];
  #overprovisioning = defaultOverprovisioning;
  /** For requests that ask for no metadata. */
  #whole: Selection | undefined = undefined;
  #selections = new Map<string, Selection>();
  #start = 0;

  constructor(cluster: ClusterTable) {
    this.#cluster = cluster;
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
    const next = new Map<string, Endpoint>();
    for (const entry of table.endpoints) {
      const endpoint = before.get(entry.key) ?? new Endpoint(entry);
      endpoint.entry = entry;
      next.set(entry.key, endpoint);
    }
    this.#byKey = next;
    this.#all = [...next.values()];
    this.#overprovisioning = table.overprovisioningPercent;
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

  /** Whether picks ignore health for want of healthy endpoints. */
  get isPanicking(): boolean {
    return this.#selection(undefined).panic;
  }

  pick(
    context: PickContext,
    metadata: Readonly<Record<string, unknown>> | undefined,
  ): Endpoint | undefined {
    const { groups } = this.#selection(metadata);
    if (groups.length === 1) return groups[0]?.balancer.pick(context);
    const drawn = context.dice(100);
    const group = groups.find(({ share }) => drawn < share) ?? groups.at(-1);
    return group?.balancer.pick(context);
  }

  #selection(metadata: Readonly<Record<string, unknown>> | undefined): Selection {
    if (metadata === undefined) {
      this.#whole ??= this.#build(undefined);
      return this.#whole;
    }
    const key = JSON.stringify(metadata);
    const found = this.#selections.get(key);
    if (found !== undefined) return found;
    if (this.#selections.size >= maxSelections) this.#selections.clear();
    const built = this.#build(metadata);
    this.#selections.set(key, built);
    return built;
  }

  #build(metadata: Readonly<Record<string, unknown>> | undefined): Selection {
    const wanted =
      metadata === undefined
        ? this.#all
        : this.#all.filter((endpoint) => matchesMetadata(endpoint, metadata));
    const usable = wanted.filter(({ entry }) => entry.health !== 'draining');
    const count = usable.reduce((most, { entry }) => Math.max(most, entry.priority + 1), 0);
    const priorities = Array.from({ length: count }, (_, priority) =>
      usable.filter(({ entry }) => entry.priority === priority),
    );
    const shares = priorityShares(priorities, this.#overprovisioning);
    const healthyPercent =
      usable.length === 0
        ? 100
        : (usable.filter(({ isHealthy }) => isHealthy).length / usable.length) * 100;
    const panic = healthyPercent < this.#cluster.healthyPanicPercent;
    if (panic) return { groups: [this.#group(usable, 100)], panic };
    let sum = 0;
    const groups = priorities.flatMap((endpoints, priority) => {
      const share = shares[priority] ?? 0;
      if (share === 0) return [];
      sum += share;
      return [this.#group(this.#fit(endpoints), sum)];
    });
    return { groups: groups.length > 0 ? groups : [this.#degraded(usable)], panic };
  }

  #fit(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    return endpoints.filter(({ isHealthy }) => isHealthy);
  }

  /** Nothing healthy anywhere: the degraded ones serve. */
  #degraded(endpoints: readonly Endpoint[]): PriorityGroup {
    const degraded = endpoints.filter(
      ({ entry, isEjected }) => entry.health === 'degraded' && !isEjected,
    );
    return this.#group(degraded, 100);
  }

  #group(endpoints: readonly Endpoint[], share: number): PriorityGroup {
    return {
      balancer: buildLoadBalancer(this.#cluster.loadBalancing, endpoints, this.#start),
      share,
    };
  }
}
