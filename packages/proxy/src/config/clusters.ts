import type { ClusterTable, EndpointTable, SecretReference } from '@lateen/routing';
import { Cluster, type ClusterDependencies } from '../cluster/cluster.ts';
import { refreshByDns } from '../cluster/dns-refresh.ts';
import { secretsOfCluster } from '../tls/secret-references.ts';

/** How long a new cluster waits for its endpoints and secrets before it serves without (Envoy's initial fetch time-out). */
const warmingTimeoutMs = 15_000;

/** A cluster that is not in service yet. */
interface Warming {
  readonly cluster: Cluster;
  readonly timer: NodeJS.Timeout;
}

/** Clusters in service by name, those that warm up, and what is known of endpoints. */
export class Clusters {
  readonly #deps: ClusterDependencies;
  readonly #active = new Map<string, Cluster>();
  readonly #warming = new Map<string, Warming>();
  readonly #endpoints = new Map<string, EndpointTable>();
  readonly #stops = new Map<Cluster, () => void>();
  #waiters: (() => void)[] = [];
  #sweep: NodeJS.Timeout | undefined = undefined;

  constructor(deps: ClusterDependencies) {
    this.#deps = deps;
    deps.contexts.secrets.onChange(() => this.#activateReady());
  }

  get(name: string): Cluster | undefined {
    return this.#active.get(name);
  }

  get all(): readonly Cluster[] {
    return [...this.#active.values()];
  }

  get warmingNames(): readonly string[] {
    return [...this.#warming.keys()];
  }

  /** Names the EDS clusters ask endpoints for. */
  get endpointNames(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const table of this.#tables) {
      if (table.discovery.kind === 'eds') names.add(table.discovery.serviceName || table.name);
    }
    return names;
  }

  /** Resolves when none of these clusters warms up any more. */
  async whenWarm(names: readonly string[]): Promise<void> {
    while (names.some((name) => this.#warming.has(name))) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #notifyWaiters(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** The secrets that clusters, in service or not, refer to. */
  get secretReferences(): readonly SecretReference[] {
    return this.#tables.flatMap((table) => secretsOfCluster(table));
  }

  get #tables(): readonly ClusterTable[] {
    const warming = [...this.#warming.values()].map(({ cluster }) => cluster);
    return [...this.#active.values(), ...warming].map(({ table }) => table);
  }

  #isReady(cluster: Cluster): boolean {
    const { secrets } = this.#deps.contexts;
    return cluster.warm && !secretsOfCluster(cluster.table).some((one) => secrets.isAwaited(one));
  }

  #activateReady(): void {
    for (const { cluster } of [...this.#warming.values()]) {
      if (this.#isReady(cluster)) this.#activate(cluster);
    }
  }

  /** Puts a cluster in service as soon as its endpoints and secrets are known; the old one serves until then. */
  put(table: ClusterTable): void {
    const cluster = new Cluster(table, this.#deps);
    this.#stopWarming(table.name);
    if (table.discovery.kind === 'eds') {
      const known = this.#endpoints.get(table.discovery.serviceName || table.name);
      if (known !== undefined) cluster.setEndpoints(known);
    } else if (table.discovery.kind === 'strict-dns' || table.discovery.kind === 'logical-dns') {
      this.#followDns(cluster);
    }
    if (this.#isReady(cluster)) this.#activate(cluster);
    else {
      const timer = setTimeout(() => this.#activate(cluster), warmingTimeoutMs);
      timer.unref();
      this.#warming.set(table.name, { cluster, timer });
    }
    this.#startSweep();
  }

  #followDns(cluster: Cluster): void {
    const stop = refreshByDns(cluster.table, (table) => {
      if (table !== undefined) cluster.setEndpoints(table);
      // Without an answer it serves all the same, and says that it has no endpoints.
      cluster.warm = true;
      this.#activateReady();
    });
    this.#stops.set(cluster, stop);
  }

  #stopWarming(name: string): void {
    const warming = this.#warming.get(name);
    if (warming === undefined) return;
    clearTimeout(warming.timer);
    this.#warming.delete(name);
    this.#retire(warming.cluster);
    this.#notifyWaiters();
  }

  #activate(cluster: Cluster): void {
    const warming = this.#warming.get(cluster.name);
    if (warming?.cluster === cluster) {
      clearTimeout(warming.timer);
      this.#warming.delete(cluster.name);
    }
    const before = this.#active.get(cluster.name);
    this.#active.set(cluster.name, cluster);
    if (before !== undefined) this.#retire(before);
    this.#notifyWaiters();
  }

  #retire(cluster: Cluster): void {
    this.#stops.get(cluster)?.();
    this.#stops.delete(cluster);
    cluster.retire();
  }

  remove(name: string): void {
    this.#stopWarming(name);
    const cluster = this.#active.get(name);
    if (cluster === undefined) return;
    this.#active.delete(name);
    this.#retire(cluster);
    this.#deps.stats.removeWhere('envoy_cluster_name', cluster.table.statName);
  }

  /** New endpoints for all clusters that ask for them under this name. */
  putEndpoints(table: EndpointTable): void {
    this.#endpoints.set(table.clusterName, table);
    for (const { cluster } of [...this.#warming.values()]) {
      if (!wants(cluster, table.clusterName)) continue;
      cluster.setEndpoints(table);
    }
    this.#activateReady();
    for (const cluster of this.#active.values()) {
      if (wants(cluster, table.clusterName)) cluster.setEndpoints(table);
    }
  }

  /** Nobody asks for them any more. */
  forgetEndpoints(name: string): void {
    this.#endpoints.delete(name);
  }

  endpointTable(name: string): EndpointTable | undefined {
    return this.#endpoints.get(name);
  }

  /** Ends ejections and closes old idle connections, once a second while there is something. */
  #startSweep(): void {
    if (this.#sweep !== undefined) return;
    this.#sweep = setInterval(() => {
      const now = this.#deps.nowMs();
      for (const cluster of this.#active.values()) {
        cluster.sweep(now);
        cluster.closeExpired(now);
      }
    }, sweepIntervalMs);
    this.#sweep.unref();
  }

  /** Closes all connections. */
  stop(): void {
    clearInterval(this.#sweep);
    for (const name of [...this.#warming.keys()]) this.#stopWarming(name);
    for (const cluster of this.#active.values()) this.#retire(cluster);
    this.#active.clear();
  }
}

/** Resolution of idle time-outs and of the end of ejections. */
const sweepIntervalMs = 1000;

const wants = ({ table }: Cluster, name: string): boolean =>
  table.discovery.kind === 'eds' && (table.discovery.serviceName || table.name) === name;
