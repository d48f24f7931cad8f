import { fromBinary } from '@bufbuild/protobuf';
import { type Checked, formatDiagnostic, type Logger } from '@lateen/base';
import {
  compileCluster,
  compileEndpoints,
  compileListener,
  compileRouteConfiguration,
  type ListenerTable,
  type SecretReference,
} from '@lateen/routing';
import { typeUrls } from '@lateen/xds';
import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import type { RouteHolder } from '../http/route-holder.ts';
import type { ListenerSet } from '../listener/listener-set.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import { applySecret, redactSecret } from '../tls/secret-application.ts';
import { secretsOfListener } from '../tls/secret-references.ts';
import type { SecretStore } from '../tls/secret-store.ts';
import type { Clusters } from './clusters.ts';
import { ManagerStats } from './manager-stats.ts';
import type { ResourceLog } from './resource-log.ts';
import { defaultSourceAddress, type SourceAddress, withSourceAddress } from './source-address.ts';

/** A resource to apply. */
export interface IncomingResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  readonly bytes: Uint8Array;
  /** Secrets: the cluster they came from. Default: ADS, or the bootstrap. */
  readonly server?: string;
}

/** How long a listener waits for its routes and secrets before it serves without (Envoy's initial fetch time-out). */
const warmingTimeoutMs = 15_000;

/** A listener that waits for route configurations or secrets. */
interface WaitingListener {
  readonly table: ListenerTable;
  readonly timer: NodeJS.Timeout;
}

/** What the configuration is applied to. */
export interface ConfigurationParts {
  readonly clusters: Clusters;
  readonly resources: ResourceLog;
  readonly secrets: SecretStore;
  readonly log: Logger;
  readonly stats: StatsRegistry;
  readonly wallMs: () => number;
  /** Says where connections come from that do not say it themselves. */
  readonly bootstrap: Bootstrap;
}

const errorsOf = ({ diagnostics }: Checked<unknown>): string =>
  diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(formatDiagnostic)
    .join('; ');

/**
 * Applies resources: compiles them and swaps what is in force. Static and dynamic resources take
 * the same way. A refused resource changes nothing.
 */
export class Configuration {
  readonly clusters: Clusters;
  readonly resources: ResourceLog;
  readonly #secrets: SecretStore;
  readonly #stats: ManagerStats;
  readonly #log: Logger;
  readonly #wallMs: () => number;
  readonly #sourceAddress: SourceAddress;
  readonly #routes = new Map<string, RouteHolder>();
  readonly #waiting = new Map<string, WaitingListener>();
  /** Listeners whose addresses are being bound. */
  readonly #opening = new Set<ListenerTable>();
  /** Names of secrets out of the bootstrap. */
  readonly #staticSecrets = new Set<string>();
  #listeners: ListenerSet | undefined = undefined;
  #onReferences: () => void = () => undefined;

  constructor(parts: ConfigurationParts) {
    this.clusters = parts.clusters;
    this.resources = parts.resources;
    this.#secrets = parts.secrets;
    this.#stats = new ManagerStats(parts.stats);
    parts.secrets.onChange(() => void this.#wakeListeners());
    this.#log = parts.log;
    this.#wallMs = parts.wallMs;
    this.#sourceAddress = defaultSourceAddress(parts.bootstrap);
  }

  /** Listeners are made of what this holds, so they come after. */
  useListeners(listeners: ListenerSet): void {
    this.#listeners = listeners;
  }

  /** The holder of a named route configuration. */
  routes(name: string): RouteHolder {
    let holder = this.#routes.get(name);
    if (holder === undefined) {
      holder = { table: undefined };
      this.#routes.set(name, holder);
    }
    return holder;
  }

  get #tables(): readonly ListenerTable[] {
    const waiting = [...this.#waiting.values()].map(({ table }) => table);
    return [...(this.#listeners?.tables ?? []), ...waiting, ...this.#opening];
  }

  /** Names of route configurations that listeners want. */
  get routeNames(): ReadonlySet<string> {
    return new Set(this.#tables.flatMap(({ routeNames }) => [...routeNames]));
  }

  /** Secrets that listeners and clusters refer to, by name, for one server; empty: by ADS. */
  secretNames(server: string): ReadonlySet<string> {
    return new Set(
      this.#secretReferences
        .filter((reference) => reference.server === server)
        .map(({ name }) => name)
        .filter((name) => server !== '' || !this.#staticSecrets.has(name)),
    );
  }

  /** Names of secrets that are referred to and have not come. */
  get awaitedSecrets(): ReadonlySet<string> {
    const awaited = this.#secretReferences.filter((one) => this.#secrets.isAwaited(one));
    return new Set(awaited.map(({ name }) => name));
  }

  /** Clusters that are to be asked for secrets. */
  get secretServers(): ReadonlySet<string> {
    const servers = this.#secretReferences.map(({ server }) => server);
    return new Set(servers.filter((server) => server !== ''));
  }

  get #secretReferences(): readonly SecretReference[] {
    return [
      ...this.clusters.secretReferences,
      ...this.#tables.flatMap((table) => secretsOfListener(table)),
    ];
  }

  /** Calls `run` whenever what is referred to may have changed. */
  onReferences(run: () => void): void {
    this.#onReferences = run;
  }

  /** Listeners that wait for routes or secrets. */
  get waitingListeners(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** Applies one resource; the reason when it is refused. */
  async apply(resource: IncomingResource, isStatic = false): Promise<string | undefined> {
    const isSecret = resource.typeUrl === typeUrls.secret;
    let reason: string | undefined;
    let { bytes } = resource;
    try {
      if (isSecret) bytes = redactSecret(bytes);
      if (isSecret && isStatic) this.#staticSecrets.add(resource.name);
      reason = await this.#applyByType(resource);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
      if (isSecret) bytes = new Uint8Array();
    }
    const record = { ...resource, bytes, updatedMs: this.#wallMs(), isStatic };
    if (!isSecret) this.#onReferences();
    if (reason === undefined) {
      this.#stats.accepted(resource.typeUrl, !this.resources.has(resource.typeUrl, resource.name));
      this.resources.accepted(record);
    } else {
      this.#stats.rejected(resource.typeUrl);
      this.resources.rejected(record, reason);
      this.#log.warn('configuration refused', {
        type: resource.typeUrl,
        name: resource.name,
        reason,
      });
    }
    return reason;
  }

  async #applyByType({
    typeUrl,
    name,
    bytes,
    server = '',
  }: IncomingResource): Promise<string | undefined> {
    switch (typeUrl) {
      case typeUrls.cluster: {
        const checked = compileCluster(fromBinary(ClusterSchema, bytes));
        if (checked.value === undefined) return errorsOf(checked);
        this.clusters.put(withSourceAddress(checked.value, this.#sourceAddress));
        return undefined;
      }
      case typeUrls.endpoint: {
        const checked = compileEndpoints(fromBinary(ClusterLoadAssignmentSchema, bytes));
        if (checked.value === undefined) return errorsOf(checked);
        this.clusters.putEndpoints(checked.value);
        return undefined;
      }
      case typeUrls.route: {
        const checked = compileRouteConfiguration(fromBinary(RouteConfigurationSchema, bytes));
        if (checked.value === undefined) return errorsOf(checked);
        this.routes(checked.value.name).table = checked.value;
        await this.#wakeListeners();
        return undefined;
      }
      case typeUrls.listener: {
        const checked = compileListener(fromBinary(ListenerSchema, bytes));
        if (checked.value === undefined) return errorsOf(checked);
        await this.#putListener(checked.value);
        return undefined;
      }
      case typeUrls.secret:
        return applySecret(this.#secrets, { name, bytes, server });
      default:
        return `the type ${typeUrl} is not known`;
    }
  }

  #isWaitedFor(table: ListenerTable): boolean {
    return (
      [...table.routeNames].some((name) => this.routes(name).table === undefined) ||
      secretsOfListener(table).some((reference) => this.#secrets.isAwaited(reference))
    );
  }

  async #putListener(table: ListenerTable): Promise<void> {
    this.#stopWaiting(table.name);
    if (!this.#isWaitedFor(table)) {
      await this.#open(table);
      return;
    }
    const timer = setTimeout(() => void this.#release(table.name), warmingTimeoutMs);
    timer.unref();
    this.#waiting.set(table.name, { table, timer });
  }

  /** Puts a listener in service; what it refers to stays wanted while its addresses are bound. */
  async #open(table: ListenerTable): Promise<void> {
    this.#opening.add(table);
    try {
      await this.#listeners?.put(table);
    } finally {
      this.#opening.delete(table);
    }
  }

  #stopWaiting(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) clearTimeout(waiting.timer);
    this.#waiting.delete(name);
  }

  /** Puts a waiting listener in service with what there is. */
  async #release(name: string): Promise<void> {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    this.#stopWaiting(name);
    try {
      await this.#open(waiting.table);
    } catch (error) {
      this.#log.error('listener cannot be put in service', { name, error: String(error) });
    }
  }

  async #wakeListeners(): Promise<void> {
    for (const [name, { table }] of [...this.#waiting]) {
      if (!this.#isWaitedFor(table)) await this.#release(name);
    }
  }

  /** Takes a resource out of force. */
  remove(typeUrl: string, name: string, server = ''): void {
    if (this.resources.has(typeUrl, name)) this.#stats.removed(typeUrl);
    this.resources.removed(typeUrl, name);
    if (typeUrl === typeUrls.cluster) this.clusters.remove(name);
    else if (typeUrl === typeUrls.secret) this.#secrets.remove(name, server);
    else if (typeUrl === typeUrls.endpoint) this.clusters.forgetEndpoints(name);
    else if (typeUrl === typeUrls.listener) {
      this.#stopWaiting(name);
      this.#listeners?.remove(name);
    } else if (typeUrl === typeUrls.route) {
      const holder = this.#routes.get(name);
      if (holder !== undefined) holder.table = undefined;
    }
    this.#onReferences();
  }

  /** Forgets route configurations, endpoints and secrets nobody refers to. */
  dropUnused(typeUrl: string, name: string, server = ''): void {
    this.resources.removed(typeUrl, name);
    if (typeUrl === typeUrls.secret) this.#secrets.remove(name, server);
    else if (typeUrl === typeUrls.route) this.#routes.delete(name);
    else if (typeUrl === typeUrls.endpoint) this.clusters.forgetEndpoints(name);
  }
}
