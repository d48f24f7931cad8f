import { fromBinary } from '@bufbuild/protobuf';
import { type Checked, formatDiagnostic, type Logger } from '@lateen/base';
import {
  compileCluster,
  compileEndpoints,
  compileListener,
  compileRouteConfiguration,
  type ListenerTable,
} from '@lateen/routing';
import { typeUrls } from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import type { RouteHolder } from '../http/route-holder.ts';
import type { ListenerSet } from '../listener/listener-set.ts';
import type { Clusters } from './clusters.ts';
import type { ResourceLog } from './resource-log.ts';

/** A resource to apply. */
export interface IncomingResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  readonly bytes: Uint8Array;
}

/** How long a listener waits for its routes before it serves without (Envoy's initial fetch time-out). */
const warmingTimeoutMs = 15_000;

/** A listener that waits for route configurations. */
interface WaitingListener {
  readonly table: ListenerTable;
  readonly timer: NodeJS.Timeout;
}

/** What the configuration is applied to. */
export interface ConfigurationParts {
  readonly clusters: Clusters;
  readonly resources: ResourceLog;
  readonly log: Logger;
  readonly wallMs: () => number;
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
  readonly #log: Logger;
  readonly #wallMs: () => number;
  readonly #routes = new Map<string, RouteHolder>();
  readonly #waiting = new Map<string, WaitingListener>();
  #listeners: ListenerSet | undefined = undefined;

  constructor(parts: ConfigurationParts) {
    this.clusters = parts.clusters;
    this.resources = parts.resources;
    this.#log = parts.log;
    this.#wallMs = parts.wallMs;
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

  /** Names of route configurations that listeners want. */
  get routeNames(): ReadonlySet<string> {
    const tables = [...(this.#listeners?.tables ?? [])];
    for (const { table } of this.#waiting.values()) tables.push(table);
    return new Set(tables.flatMap(({ routeNames }) => [...routeNames]));
  }

  /** Listeners that wait for routes. */
  get waitingListeners(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** Applies one resource; the reason when it is refused. */
  async apply(resource: IncomingResource, isStatic = false): Promise<string | undefined> {
    const record = { ...resource, updatedMs: this.#wallMs(), isStatic };
    let reason: string | undefined;
    try {
      reason = await this.#applyByType(resource);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (reason === undefined) this.resources.accepted(record);
    else {
      this.resources.rejected(record, reason);
      this.#log.warn('configuration refused', {
        type: resource.typeUrl,
        name: resource.name,
        reason,
      });
    }
    return reason;
  }

  async #applyByType({ typeUrl, bytes }: IncomingResource): Promise<string | undefined> {
    switch (typeUrl) {
      case typeUrls.cluster: {
        const checked = compileCluster(fromBinary(ClusterSchema, bytes));
        if (checked.value === undefined) return errorsOf(checked);
        this.clusters.put(checked.value);
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
      default:
        return `the type ${typeUrl} is not known`;
    }
  }

  #missesRoutes({ routeNames }: ListenerTable): boolean {
    return [...routeNames].some((name) => this.routes(name).table === undefined);
  }

  async #putListener(table: ListenerTable): Promise<void> {
    this.#stopWaiting(table.name);
    if (!this.#missesRoutes(table)) {
      await this.#listeners?.put(table);
      return;
    }
    const timer = setTimeout(() => void this.#release(table.name), warmingTimeoutMs);
    timer.unref();
    this.#waiting.set(table.name, { table, timer });
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
      await this.#listeners?.put(waiting.table);
    } catch (error) {
      this.#log.error('listener cannot be put in service', { name, error: String(error) });
    }
  }

  async #wakeListeners(): Promise<void> {
    for (const [name, { table }] of [...this.#waiting]) {
      if (!this.#missesRoutes(table)) await this.#release(name);
    }
  }

  /** Takes a resource out of force. */
  remove(typeUrl: string, name: string): void {
    this.resources.removed(typeUrl, name);
    if (typeUrl === typeUrls.cluster) this.clusters.remove(name);
    else if (typeUrl === typeUrls.endpoint) this.clusters.forgetEndpoints(name);
    else if (typeUrl === typeUrls.listener) {
      this.#stopWaiting(name);
      this.#listeners?.remove(name);
    } else if (typeUrl === typeUrls.route) {
      const holder = this.#routes.get(name);
      if (holder !== undefined) holder.table = undefined;
    }
  }

  /** Forgets route configurations and endpoints nobody refers to. */
  dropUnused(typeUrl: string, name: string): void {
    this.resources.removed(typeUrl, name);
    if (typeUrl === typeUrls.route) this.#routes.delete(name);
    else if (typeUrl === typeUrls.endpoint) this.clusters.forgetEndpoints(name);
  }
}
