import { maxErrorCharacters } from './rejection-status.ts';
import type { Resource } from './resource.ts';
import { type ResourceMap, versionOfSet } from './snapshot.ts';
import { isWholeStateType } from './type-url.ts';

/** The name that asks for everything of a type. */
export const wildcardName = '*';

/** Stands in `held` for "was told that it does not exist". Never a content hash. */
const absent = '';

/** A response on its way or settled. */
export interface SentResponse {
  readonly nonce: string;
  /** `version_info` or `system_version_info`: one hash for the subscribed state as of the response. */
  readonly version: string;
}

/** A response the client refused. */
export interface RejectedResponse extends SentResponse {
  /** `error_detail.message`, shortened to what a person reads. */
  readonly error: string;
}

/** What one client wants and has of one type: the server's side, for both xDS variants. Immutable. */
export interface Subscription {
  readonly typeUrl: string;
  /** All resources of the type, besides the named ones. */
  readonly wildcard: boolean;
  readonly names: ReadonlySet<string>;
  /** Name to the version last sent (or had at reconnection), as far as the client subscribes to it. */
  readonly held: ReadonlyMap<string, string>;
  /** SotW: `version_info` of the first request, until it is compared with what would be sent. */
  readonly claimedVersion: string | undefined;
  /** The client waits for an answer, even an empty one: its first request, or a name it asked anew. */
  readonly owesAnswer: boolean;
  /** The one response the client has not settled yet; while there is one, nothing more is sent. */
  readonly outstanding: SentResponse | undefined;
  readonly sent: SentResponse | undefined;
  readonly acked: SentResponse | undefined;
  /** Set while the last settled response was refused. */
  readonly rejected: RejectedResponse | undefined;
  /** The map that was last found to hold nothing new, so that the same one is not compared again. */
  readonly satisfiedBy: ResourceMap | undefined;
}

/** What a client's first request of a type says. */
export interface FirstInterest {
  readonly names: readonly string[];
  /** Name to version the client still has from an earlier stream. */
  readonly initialVersions: Readonly<Record<string, string>>;
}

/** The first request of a type on a stream. */
export const openSubscription = (typeUrl: string, first: FirstInterest): Subscription => {
  const names = new Set(first.names);
  const asked = names.delete(wildcardName);
  const wildcard = asked || (names.size === 0 && isWholeStateType(typeUrl));
  const entries = Object.entries(first.initialVersions);
  return {
    typeUrl,
    wildcard,
    names,
    held: new Map(entries.filter(([name]) => wildcard || names.has(name))),
    claimedVersion: undefined,
    owesAnswer: wildcard || names.size > 0,
    outstanding: undefined,
    sent: undefined,
    acked: undefined,
    rejected: undefined,
    satisfiedBy: undefined,
  };
};

/** The client's verdict on the outstanding response; other nonces are stale and change nothing. */
export const settle = (
  subscription: Subscription,
  nonce: string,
  error: string | undefined,
): Subscription => {
  const { outstanding } = subscription;
  if (outstanding === undefined || outstanding.nonce !== nonce) return subscription;
  return error === undefined
    ? { ...subscription, outstanding: undefined, acked: outstanding, rejected: undefined }
    : {
        ...subscription,
        outstanding: undefined,
        rejected: { ...outstanding, error: error.slice(0, maxErrorCharacters) },
      };
};

/** A change of the set of names. */
export interface InterestChange {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/**
 * Names that are subscribed again are sent again, even in the same version: the client may have
 * forgotten them (xDS protocol, "subscribing to resources").
 */
export const changeInterest = (
  subscription: Subscription,
  { subscribe, unsubscribe }: InterestChange,
): Subscription => {
  if (subscribe.length === 0 && unsubscribe.length === 0) return subscription;
  const dropped = new Set(unsubscribe);
  const kept = [...subscription.names].filter((name) => !dropped.has(name));
  const names = new Set([...kept, ...subscribe.filter((name) => name !== wildcardName)]);
  const keepsAll = subscription.wildcard && !dropped.has(wildcardName);
  const wildcard = keepsAll || subscribe.includes(wildcardName);
  const touched = new Set([...subscribe, ...unsubscribe]);
  const held = [...subscription.held].filter(
    ([name]) => !touched.has(name) && (wildcard || names.has(name)),
  );
  return {
    ...subscription,
    wildcard,
    names,
    held: new Map(held),
    owesAnswer: subscription.owesAnswer || subscribe.length > 0,
    satisfiedBy: undefined,
  };
};

/** How what a client has differs from what it should have. */
export interface Difference {
  readonly changed: readonly Resource[];
  /** The client has it and it is gone. */
  readonly withdrawn: readonly string[];
  /** The client asked for it, never had it, and it does not exist. */
  readonly missing: readonly string[];
}

const noDifference: Difference = { changed: [], withdrawn: [], missing: [] };

/** Whether there is nothing to tell. */
export const isEmptyDifference = ({ changed, withdrawn, missing }: Difference): boolean =>
  changed.length === 0 && withdrawn.length === 0 && missing.length === 0;

/** Compares `held` with the resources of the type. */
export const differenceFrom = (subscription: Subscription, resources: ResourceMap): Difference => {
  if (subscription.satisfiedBy === resources) return noDifference;
  const { held, names } = subscription;
  const changed = subscribedResources(subscription, resources).filter(
    ({ name, version }) => held.get(name) !== version,
  );
  const withdrawn: string[] = [];
  for (const [name, version] of held)
    if (version !== absent && !resources.has(name)) withdrawn.push(name);
  const missing: string[] = [];
  for (const name of names) if (!resources.has(name) && !held.has(name)) missing.push(name);
  return { changed, withdrawn, missing };
};

/** Whether the client has a resource of that name, in whatever version. */
export const holds = ({ held }: Pick<Subscription, 'held'>, name: string): boolean =>
  (held.get(name) ?? absent) !== absent;

/** As if these had never been sent: they are sent again as they are. */
export const forget = (subscription: Subscription, names: readonly string[]): Subscription => {
  const forgotten = names.filter((name) => holds(subscription, name));
  if (forgotten.length === 0) return subscription;
  const held = new Map(subscription.held);
  for (const name of forgotten) held.delete(name);
  return { ...subscription, held, satisfiedBy: undefined };
};

/** The resources of the type that the client wants. */
export const subscribedResources = (
  { wildcard, names }: Pick<Subscription, 'wildcard' | 'names'>,
  resources: ResourceMap,
): readonly Resource[] => {
  if (wildcard) return [...resources.values()];
  const wanted: Resource[] = [];
  for (const name of names) {
    const resource = resources.get(name);
    if (resource !== undefined) wanted.push(resource);
  }
  return wanted;
};

/** Nothing to send: remembered, so that the next look at the same resources is free. */
export const markSatisfied = (subscription: Subscription, resources: ResourceMap): Subscription =>
  subscription.satisfiedBy === resources
    ? subscription
    : { ...subscription, satisfiedBy: resources };

/** The state after a response with this difference went out under this nonce. */
export const markSent = (
  subscription: Subscription,
  difference: Difference,
  nonce: string,
): Subscription => {
  const held = new Map(subscription.held);
  for (const { name, version } of difference.changed) held.set(name, version);
  for (const name of difference.missing) held.set(name, absent);
  for (const name of difference.withdrawn) {
    if (subscription.names.has(name)) held.set(name, absent);
    else held.delete(name);
  }
  const sent = { nonce, version: versionOfHeld(held) };
  return {
    ...subscription,
    held,
    owesAnswer: false,
    outstanding: sent,
    sent,
    satisfiedBy: undefined,
  };
};

/** The version of all that the client has of the type. */
const versionOfHeld = (held: ReadonlyMap<string, string>): string => {
  const present: { name: string; version: string }[] = [];
  for (const [name, version] of held) if (version !== absent) present.push({ name, version });
  return versionOfSet(present);
};
