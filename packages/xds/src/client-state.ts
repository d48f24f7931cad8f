import type { Any } from '@bufbuild/protobuf/wkt';
import type { Node } from '../gen/envoy/config/core/v3/base_pb.js';

/** What a client wants and has of one type. Immutable. */
export interface ClientSubscription {
  readonly typeUrl: string;
  readonly wildcard: boolean;
  readonly names: ReadonlySet<string>;
  /** Name to version of each accepted resource: `initial_resource_versions` at reconnection. */
  readonly versions: ReadonlyMap<string, string>;
  /** SotW: `version_info` of the last response accepted whole; '' when there is none. */
  readonly version: string;
  /** Nonce of the last response on this stream; '' before the first. */
  readonly nonce: string;
}

/** The client's side of one ADS connection, over reconnections. Immutable. */
export interface ClientState {
  readonly node: Node;
  /** By type URL, in the order of first subscription. */
  readonly subscriptions: ReadonlyMap<string, ClientSubscription>;
  /** The node goes with the first request of each stream. */
  readonly nodeSent: boolean;
}

/** One resource as it came. */
export interface ReceivedResource {
  readonly name: string;
  /** The server's in delta; in SotW, which has none, the content hash. */
  readonly version: string;
  readonly any: Any;
}

/** What a response asks the client to apply; it is settled afterwards, whole or in part. */
export interface ClientUpdate {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  /** Subscribed resources whose version differs from the accepted one. */
  readonly changed: readonly ReceivedResource[];
  readonly removed: readonly string[];
}

/** Why an update is refused (NACK). */
export interface Rejection {
  /** Becomes `error_detail.message`: name the resource, the field and what to do. */
  readonly error: string;
  /** The resources at fault. The others count as accepted; without it nothing of the update does. */
  readonly names?: readonly string[];
}

/** A step of the state machine: the next state and the requests to send, in order. */
export interface ClientStep<Request> {
  readonly state: ClientState;
  readonly requests: readonly Request[];
}

/**
 * One variant of xDS as a pure state machine of the client. While there is no stream, requests are
 * dropped by the caller: `reconnect` repeats all that is subscribed.
 */
export interface ClientProtocol<Request, Response> {
  /** Adds names; `*` (`wildcardName`) asks for all of the type. */
  subscribe(state: ClientState, typeUrl: string, names: readonly string[]): ClientStep<Request>;
  /** Drops names and forgets what was accepted under them. */
  unsubscribe(state: ClientState, typeUrl: string, names: readonly string[]): ClientStep<Request>;
  /** The first requests of a new stream: all types, with what the client still has. */
  reconnect(state: ClientState): ClientStep<Request>;
  /** Throws only when bytes cannot be read at all; answer that with `settle` and a rejection. */
  receive(
    state: ClientState,
    response: Response,
  ): { readonly state: ClientState; readonly update: ClientUpdate };
  /** The ACK, or the NACK when there is a rejection. */
  settle(state: ClientState, update: ClientUpdate, rejection?: Rejection): ClientStep<Request>;
}

/** A client that has subscribed to nothing yet. */
export const openClientState = (node: Node): ClientState => ({
  node,
  subscriptions: new Map(),
  nodeSent: false,
});

/** The subscription of a type, or an empty one. */
export const clientSubscription = (state: ClientState, typeUrl: string): ClientSubscription =>
  state.subscriptions.get(typeUrl) ?? {
    typeUrl,
    wildcard: false,
    names: new Set(),
    versions: new Map(),
    version: '',
    nonce: '',
  };

/** The state with one subscription replaced. */
export const withClientSubscription = (
  state: ClientState,
  subscription: ClientSubscription,
): ClientState => ({
  ...state,
  subscriptions: new Map(state.subscriptions).set(subscription.typeUrl, subscription),
});

/** Whether the client wants the resource of this name. */
export const isSubscribed = (
  { wildcard, names }: Pick<ClientSubscription, 'wildcard' | 'names'>,
  name: string,
): boolean => wildcard || names.has(name);

/** The bookkeeping of a verdict: what of an update counts as accepted. */
export const settledSubscription = (
  subscription: ClientSubscription,
  update: ClientUpdate,
  rejection: Rejection | undefined,
): ClientSubscription => {
  if (rejection !== undefined && rejection.names === undefined) return subscription;
  const refused = new Set(rejection?.names);
  const versions = new Map(subscription.versions);
  for (const { name, version } of update.changed)
    if (!refused.has(name) && isSubscribed(subscription, name)) versions.set(name, version);
  for (const name of update.removed) if (!refused.has(name)) versions.delete(name);
  const version = rejection === undefined ? update.version : subscription.version;
  return { ...subscription, versions, version };
};

/** Forgets everything a set of names stood for. */
export const withoutNames = (
  subscription: ClientSubscription,
  dropped: readonly string[],
  wildcardName: string,
): ClientSubscription => {
  const names = new Set(subscription.names);
  for (const name of dropped) names.delete(name);
  const wildcard = subscription.wildcard && !dropped.includes(wildcardName);
  const kept = [...subscription.versions].filter(
    ([name]) => (wildcard || names.has(name)) && !dropped.includes(name),
  );
  // The SotW version stands for more than is left: it must not be claimed at reconnection.
  return { ...subscription, names, wildcard, versions: new Map(kept), version: '' };
};
