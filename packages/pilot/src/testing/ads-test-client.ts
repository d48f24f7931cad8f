import { create, type JsonObject } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  type ClientProtocol,
  type ClientState,
  type ClientStep,
  type ClientUpdate,
  deltaClient,
  openClientState,
  shortTypeName,
  sotwClient,
} from '@lateen/xds';
import { NodeSchema } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { AggregatedDiscoveryService } from '@lateen/xds/gen/envoy/service/discovery/v3/ads_pb.js';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import { grpcServiceDefinition } from '../ads/grpc-service.ts';
import { patienceMs } from './until.ts';

/** What came in one response. */
export interface Received {
  /** `RDS` ... */
  readonly type: string;
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

interface Variant<Request, Response> {
  readonly method: 'deltaAggregatedResources' | 'streamAggregatedResources';
  readonly protocol: ClientProtocol<Request, Response>;
}

const delta: Variant<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  method: 'deltaAggregatedResources',
  protocol: deltaClient,
};
const sotw: Variant<DiscoveryRequest, DiscoveryResponse> = {
  method: 'streamAggregatedResources',
  protocol: sotwClient,
};

/** Which proxy a client plays. */
export interface TestNode {
  readonly id: string;
  readonly metadata?: JsonObject;
}

/** How it connects. Default: in plaintext. */
export interface TestChannel {
  readonly credentials: grpc.ChannelCredentials;
  readonly options?: grpc.ChannelOptions;
}

/** A proxy for tests: real gRPC, the real client state machine, resources kept as bytes. */
export class AdsTestClient<Request, Response> {
  readonly #variant: Variant<Request, Response>;
  readonly #client: grpc.Client;
  readonly #waiting = new Set<() => void>();
  #call: grpc.ClientDuplexStream<Request, Response> | undefined;
  #state: ClientState;
  /** Everything that came, oldest first. */
  readonly received: Received[] = [];
  /** The status the last stream ended with. */
  ended: grpc.StatusObject | undefined;
  /** Why an update is refused; undefined accepts it. */
  refuse: (update: ClientUpdate) => string | undefined = () => undefined;
  /** Raw bytes by `RDS name`. */
  readonly resources: Map<string, Uint8Array> = new Map();

  constructor(
    variant: Variant<Request, Response>,
    port: number,
    node: TestNode & { readonly channel?: TestChannel },
  ) {
    this.#variant = variant;
    const Client = grpc.makeGenericClientConstructor(
      grpcServiceDefinition(AggregatedDiscoveryService),
      'ads',
    );
    const { credentials = grpc.credentials.createInsecure(), options } = node.channel ?? {};
    this.#client = new Client(`127.0.0.1:${port}`, credentials, options);
    this.#state = openClientState(
      create(NodeSchema, { id: node.id, metadata: node.metadata ?? {} }),
    );
  }

  /** Opens a stream, repeating all subscriptions. */
  connect(): void {
    const open = (
      this.#client as unknown as Record<string, () => grpc.ClientDuplexStream<Request, Response>>
    )[this.#variant.method];
    const call = open?.call(this.#client);
    if (call === undefined) throw new Error('no such method');
    this.#call = call;
    call.on('data', (response: Response) => this.#receive(response));
    call.on('error', () => undefined);
    call.on('status', (status) => {
      this.ended = status;
      this.#wake();
    });
    this.#send(this.#variant.protocol.reconnect(this.#state));
  }

  /** Ends the stream but keeps what was received. */
  disconnect(): void {
    this.#call?.cancel();
    this.#call = undefined;
  }

  close(): void {
    this.disconnect();
    this.#client.close();
  }

  subscribe(typeUrl: string, ...names: readonly string[]): void {
    this.#send(this.#variant.protocol.subscribe(this.#state, typeUrl, names));
  }

  unsubscribe(typeUrl: string, ...names: readonly string[]): void {
    this.#send(this.#variant.protocol.unsubscribe(this.#state, typeUrl, names));
  }

  /** Names of what it has of a type (`RDS`), sorted. */
  names(type: string): readonly string[] {
    return [...this.resources.keys()]
      .filter((key) => key.startsWith(`${type} `))
      .map((key) => key.slice(type.length + 1))
      .sort();
  }

  /** Resolves once the condition holds; looked at after each response and at the end of the stream. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (condition()) resolve();
    };
    this.#waiting.add(look);
    const timer = setTimeout(
      () => reject(new Error(`no ${what}; received ${JSON.stringify(this.received)}`)),
      patienceMs,
    );
    // The sockets keep the process alive; a timer of a wait that lost a race must not.
    timer.unref();
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }

  /** Resolves with the next response. */
  next(what: string): Promise<void> {
    const { length } = this.received;
    return this.until(what, () => this.received.length > length);
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  #send({ state, requests }: ClientStep<Request>): void {
    this.#state = state;
    for (const request of requests) this.#call?.write(request);
  }

  #receive(response: Response): void {
    const { state, update } = this.#variant.protocol.receive(this.#state, response);
    this.#state = state;
    const type = shortTypeName(update.typeUrl);
    const changed = update.changed.map(({ name }) => name).sort();
    this.received.push({ type, changed, removed: update.removed });
    const error = this.refuse(update);
    if (error === undefined) {
      for (const { name, any } of update.changed) this.resources.set(`${type} ${name}`, any.value);
      for (const name of update.removed) this.resources.delete(`${type} ${name}`);
    }
    this.#send(this.#variant.protocol.settle(this.#state, update, error ? { error } : undefined));
    this.#wake();
  }
}

/** A client of incremental xDS. Connect it after subscribing, or before. */
export const deltaTestClient = (
  port: number,
  node: TestNode & { readonly channel?: TestChannel },
): AdsTestClient<DeltaDiscoveryRequest, DeltaDiscoveryResponse> =>
  new AdsTestClient(delta, port, node);

/** A client of state-of-the-world xDS. */
export const sotwTestClient = (
  port: number,
  node: TestNode,
): AdsTestClient<DiscoveryRequest, DiscoveryResponse> => new AdsTestClient(sotw, port, node);
