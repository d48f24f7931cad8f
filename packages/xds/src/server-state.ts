import { isMessage } from '@bufbuild/protobuf';
import { ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.js';
import type { Resource } from './resource.ts';
import { type ResourceMap, resourcesOfType, type Snapshot } from './snapshot.ts';
import { endpointNameOf } from './snapshot-consistency.ts';
import {
  type Difference,
  differenceFrom,
  forget,
  holds,
  isEmptyDifference,
  markSatisfied,
  markSent,
  type Subscription,
  subscribedResources,
} from './subscription.ts';
import { comparePushOrder, typeUrls } from './type-url.ts';

/** The server's side of one ADS stream, for both variants of the protocol. Immutable. */
export interface ServerState {
  /** By type URL. */
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  /** Number of the last nonce given out; nonces count from 1 within a stream. */
  readonly nonceCount: number;
}

/** A stream before its first request. */
export const openServerState: ServerState = { subscriptions: new Map(), nonceCount: 0 };

/** What to send for one type, before it is put into a protocol's message. */
export interface Push {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly difference: Difference;
  /** All that the client is subscribed to and that exists. */
  readonly whole: readonly Resource[];
}

/** A step of the state machine: the next state and what to send, in order. */
export interface ServerStep<Response> {
  readonly state: ServerState;
  readonly responses: readonly Response[];
}

/**
 * One variant of xDS (delta or state of the world) as a pure state machine. A server feeds requests to
 * `receive`, makes sure that its snapshot covers the names now subscribed, and calls `respond`; when the
 * snapshot changes it calls `respond` again. Neither throws.
 */
export interface ServerProtocol<Request, Response> {
  /** Notes subscriptions and verdicts; sends nothing. */
  receive(state: ServerState, request: Request): ServerState;
  /**
   * All that can be sent now: one response at most for each type without an outstanding one, in push
   * order, holding only what the client does not have.
   */
  respond(state: ServerState, snapshot: Snapshot): ServerStep<Response>;
}

/** The state with one subscription replaced. */
export const withSubscription = (state: ServerState, subscription: Subscription): ServerState => {
  if (state.subscriptions.get(subscription.typeUrl) === subscription) return state;
  const subscriptions = new Map(state.subscriptions).set(subscription.typeUrl, subscription);
  return { ...state, subscriptions };
};

/**
 * The pushes that are due, with these rules of order (make before break):
 * - listeners and routes wait while clusters have changes that cannot go out yet. Endpoints do not:
 *   Envoy settles a cluster response only after the endpoints of its new clusters came;
 * - endpoints of a cluster that changes go out again, even unchanged: Envoy warms such a cluster anew, asks
 *   for no endpoints that it has asked for before, and settles no cluster response until they come;
 * - clusters and endpoints are withdrawn after the listeners and routes that named them are settled, unless
 *   a response of their type tells all that there is (`tellsAll`) and must go: what it leaves out is withdrawn.
 */
export const duePushes = (
  state: ServerState,
  snapshot: Snapshot,
  tellsAll: (typeUrl: string) => boolean,
): { readonly state: ServerState; readonly pushes: readonly Push[] } => {
  const { state: before, differences } = allDifferences(state, snapshot);
  const pushes: Push[] = [];
  let next = before;
  for (const due of dueDifferences(before, differences, tellsAll)) {
    const { subscription, difference } = due;
    const resources = resourcesOfType(snapshot, subscription.typeUrl);
    if (!isEmptyDifference(difference) || subscription.owesAnswer) {
      const nonceCount = next.nonceCount + 1;
      const sent = sendDifference(due, resources, nonceCount);
      pushes.push(sent.push);
      next = { ...withSubscription(next, sent.subscription), nonceCount };
    } else if (!due.isDeferred) {
      next = withSubscription(next, markSatisfied(subscription, resources));
    }
  }
  return { state: next, pushes };
};

/** What may go out for one type now. */
interface DueDifference {
  readonly subscription: Subscription;
  readonly difference: Difference;
  /** Something of it is kept for later. */
  readonly isDeferred: boolean;
}

const dueDifferences = (
  { subscriptions }: ServerState,
  differences: ReadonlyMap<string, Difference>,
  tellsAll: (typeUrl: string) => boolean,
): readonly DueDifference[] => {
  const isOutstanding = (typeUrl: string): boolean =>
    subscriptions.get(typeUrl)?.outstanding !== undefined;
  const clustersWait = isOutstanding(typeUrls.cluster) && isPending(differences, typeUrls.cluster);
  const referrersBusy = referrers.some(
    (typeUrl) => isOutstanding(typeUrl) || isPending(differences, typeUrl),
  );
  const due: DueDifference[] = [];
  for (const [typeUrl, difference] of differences) {
    const subscription = subscriptions.get(typeUrl);
    const waits = isOutstanding(typeUrl) || (clustersWait && referrers.includes(typeUrl));
    if (subscription === undefined || waits) continue;
    const isEarly = referrersBusy && referred.includes(typeUrl);
    due.push(
      isEarly
        ? withdrawingLater(subscription, difference, tellsAll(typeUrl))
        : { subscription, difference, isDeferred: false },
    );
  }
  return due;
};

const withdrawingLater = (
  subscription: Subscription,
  difference: Difference,
  tellsAll: boolean,
): DueDifference => {
  const rest = { ...difference, withdrawn: [] };
  const mustGo = !isEmptyDifference(rest) || subscription.owesAnswer;
  const isDeferred = difference.withdrawn.length > 0 && !(tellsAll && mustGo);
  return { subscription, difference: isDeferred ? rest : difference, isDeferred };
};

const referrers: readonly string[] = [typeUrls.listener, typeUrls.route];
const referred: readonly string[] = [typeUrls.cluster, typeUrls.endpoint];

const allDifferences = (
  state: ServerState,
  snapshot: Snapshot,
): { readonly state: ServerState; readonly differences: ReadonlyMap<string, Difference> } => {
  let next = state;
  const differences = new Map<string, Difference>();
  for (const typeUrl of [...state.subscriptions.keys()].sort(comparePushOrder)) {
    const subscription = next.subscriptions.get(typeUrl);
    if (subscription === undefined) continue;
    const difference = differenceFrom(subscription, resourcesOfType(snapshot, typeUrl));
    differences.set(typeUrl, difference);
    if (typeUrl === typeUrls.cluster) next = withEndpointsAgain(next, subscription, difference);
  }
  return { state: next, differences };
};

/** The state in which the endpoints of known clusters that go out now are as if never sent. */
const withEndpointsAgain = (
  state: ServerState,
  clusters: Subscription,
  { changed }: Difference,
): ServerState => {
  const endpoints = state.subscriptions.get(typeUrls.endpoint);
  if (endpoints === undefined || clusters.outstanding !== undefined) return state;
  const names = changed
    .filter(({ name }) => holds(clusters, name))
    .flatMap(({ message }) =>
      isMessage(message, ClusterSchema) ? (endpointNameOf(message) ?? []) : [],
    );
  return withSubscription(state, forget(endpoints, names));
};

const isPending = (differences: ReadonlyMap<string, Difference>, typeUrl: string): boolean => {
  const difference = differences.get(typeUrl);
  return difference !== undefined && !isEmptyDifference(difference);
};

const sendDifference = (
  { subscription, difference }: DueDifference,
  resources: ResourceMap,
  nonceCount: number,
): { readonly push: Push; readonly subscription: Subscription } => {
  const nonce = String(nonceCount);
  const after = markSent(subscription, difference, nonce);
  const push = {
    typeUrl: subscription.typeUrl,
    nonce,
    version: after.sent?.version ?? '',
    difference,
    whole: subscribedResources(subscription, resources),
  };
  return { push, subscription: after };
};
