import type { ProxyDescriptor } from '@lateen/translator';
import {
  comparePushOrder,
  emptySnapshot,
  openServerState,
  type Resource,
  resourcesOfType,
  type ServerProtocol,
  type ServerState,
  type Snapshot,
  type Subscription,
  typeUrls,
  withResourcesOfType,
} from '@lateen/xds';

/** The generators of one push: what a proxy should have of a type. Pure; never throws on user input. */
export interface ResourceBuilder {
  /** `names` are those subscribed; types that are pushed whole (clusters, listeners) ignore them. */
  build(proxy: ProxyDescriptor, typeUrl: string, names: readonly string[]): readonly Resource[];
}

/** Which types a push may change; `all` when anything may. */
export type PushScope = 'all' | ReadonlySet<string>;

/** Both scopes together. */
export const mergeScopes = (left: PushScope, right: PushScope): PushScope =>
  left === 'all' || right === 'all' ? 'all' : left.union(right);

/** What a request must have for the stream to follow it; both protocol variants do. */
export interface StreamRequest {
  readonly typeUrl: string;
}

/** What a response tells for the statistics; both protocol variants do. */
export interface StreamResponse {
  readonly typeUrl: string;
}

export interface ProxyStreamOptions<Request, Response> {
  readonly proxy: ProxyDescriptor;
  readonly protocol: ServerProtocol<Request, Response>;
  readonly builder: ResourceBuilder;
  readonly send: (response: Response) => void;
  /** Runs a build and notes how long it takes. Default: nobody asks. */
  readonly measure?: (typeUrl: string, build: () => readonly Resource[]) => readonly Resource[];
  /** SDS resources of these names that the proxy may have. Default: none. */
  readonly secrets?: (names: readonly string[]) => readonly Resource[];
}

/** A stream as the push queue and the status pages see it, whatever its protocol variant. */
export interface ConnectedProxy {
  readonly proxy: ProxyDescriptor;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly snapshot: Snapshot;
  /** Rebuilds the types in scope that the proxy subscribes to, and sends what differs. */
  push(builder: ResourceBuilder, scope: PushScope): void;
}

/** One connected proxy: what it wants, what it should have, what it was sent. */
export class ProxyStream<Request extends StreamRequest, Response extends StreamResponse>
  implements ConnectedProxy
{
  readonly #options: ProxyStreamOptions<Request, Response>;
  #builder: ResourceBuilder;
  #state: ServerState = openServerState;
  #snapshot: Snapshot = emptySnapshot;

  constructor(options: ProxyStreamOptions<Request, Response>) {
    this.#options = options;
    this.#builder = options.builder;
  }

  get proxy(): ProxyDescriptor {
    return this.#options.proxy;
  }

  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#state.subscriptions;
  }

  /** What the proxy should have; what it has accepted is in `subscriptions`. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Notes a request and answers what is due. */
  receive(request: Request): void {
    const { typeUrl } = request;
    const before = this.subscriptions.get(typeUrl);
    this.#state = this.#options.protocol.receive(this.#state, request);
    const after = this.subscriptions.get(typeUrl);
    if (after !== undefined && after.names !== before?.names) this.#rebuild(after);
    this.#respond();
  }

  push(builder: ResourceBuilder, scope: PushScope): void {
    this.#builder = builder;
    const affected = [...this.subscriptions.values()]
      .filter(({ typeUrl }) => scope === 'all' || scope.has(typeUrl))
      .sort((left, right) => comparePushOrder(left.typeUrl, right.typeUrl));
    for (const subscription of affected) this.#rebuild(subscription);
    this.#respond();
  }

  #rebuild({ typeUrl, names }: Subscription): void {
    const wanted = [...names].filter((name) => typeUrl !== typeUrls.endpoint || this.#isLive(name));
    const resources =
      typeUrl === typeUrls.secret
        ? (this.#options.secrets?.(wanted) ?? [])
        : this.#build(typeUrl, wanted);
    this.#snapshot = withResourcesOfType(this.#snapshot, typeUrl, resources);
  }

  #build(typeUrl: string, names: readonly string[]): readonly Resource[] {
    const build = (): readonly Resource[] => this.#builder.build(this.proxy, typeUrl, names);
    const { measure } = this.#options;
    return measure === undefined ? build() : measure(typeUrl, build);
  }

  /**
   * Endpoints of a cluster that goes are left as they are until it is withdrawn, after the routes that
   * used it: they must not become empty before.
   */
  #isLive(endpointName: string): boolean {
    const clusters = resourcesOfType(this.#snapshot, typeUrls.cluster);
    return clusters.size === 0 || clusters.has(endpointName);
  }

  #respond(): void {
    const { state, responses } = this.#options.protocol.respond(this.#state, this.#snapshot);
    this.#state = state;
    for (const response of responses) this.#options.send(response);
  }
}
