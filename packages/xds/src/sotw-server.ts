import { create } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import {
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  duePushes,
  type Push,
  type ServerProtocol,
  type ServerState,
  withSubscription,
} from './server-state.ts';
import { resourcesOfType, type Snapshot, versionOfSet } from './snapshot.ts';
import {
  changeInterest,
  openSubscription,
  type Subscription,
  settle,
  subscribedResources,
  wildcardName,
} from './subscription.ts';
import { isWholeStateType } from './type-url.ts';

/** The server's side of state-of-the-world xDS (`StreamAggregatedResources`). */
export const sotwServer: ServerProtocol<DiscoveryRequest, DiscoveryResponse> = {
  receive(state, request) {
    const known = state.subscriptions.get(request.typeUrl);
    return withSubscription(
      state,
      known === undefined ? openSotw(request) : updateSotw(known, request),
    );
  },
  respond(state, snapshot) {
    const due = duePushes(settleClaims(state, snapshot), snapshot, isWholeStateType);
    return { state: due.state, responses: due.pushes.map(sotwResponse) };
  },
};

const openSotw = ({ typeUrl, resourceNames, versionInfo }: DiscoveryRequest): Subscription => {
  const opened = openSubscription(typeUrl, { names: resourceNames, initialVersions: {} });
  return versionInfo === '' ? opened : { ...opened, claimedVersion: versionInfo };
};

/** A client that comes back with the version the server would send has everything already. */
const settleClaims = (state: ServerState, snapshot: Snapshot): ServerState => {
  let next = state;
  for (const subscription of state.subscriptions.values())
    next = withSubscription(next, settleClaim(subscription, snapshot));
  return next;
};

const settleClaim = (subscription: Subscription, snapshot: Snapshot): Subscription => {
  const { claimedVersion, typeUrl } = subscription;
  if (claimedVersion === undefined) return subscription;
  const wanted = subscribedResources(subscription, resourcesOfType(snapshot, typeUrl));
  if (versionOfSet(wanted) !== claimedVersion)
    return { ...subscription, claimedVersion: undefined };
  return {
    ...subscription,
    claimedVersion: undefined,
    owesAnswer: false,
    held: new Map(wanted.map(({ name, version }) => [name, version])),
    sent: settledClaim(claimedVersion),
    acked: settledClaim(claimedVersion),
  };
};

/** Nonces of a stream count from 1: 0 stands for what was settled before the stream. */
const settledClaim = (version: string): { nonce: string; version: string } => ({
  nonce: '0',
  version,
});

const updateSotw = (known: Subscription, request: DiscoveryRequest): Subscription => {
  // A request made before the client saw the last response is repeated by it with the new nonce.
  const { sent, outstanding } = known;
  const expected = outstanding?.nonce ?? sent?.nonce ?? '';
  const isUnnumbered = request.responseNonce === '' && outstanding === undefined;
  if (request.responseNonce !== expected && !isUnnumbered) return known;
  const settled = settle(known, request.responseNonce, request.errorDetail?.message);
  return changeInterest(settled, interestChange(settled, request.resourceNames));
};

const interestChange = (
  { typeUrl, wildcard, names }: Subscription,
  requested: readonly string[],
): { subscribe: readonly string[]; unsubscribe: readonly string[] } => {
  const stillLegacyWildcard =
    requested.length === 0 && wildcard && names.size === 0 && isWholeStateType(typeUrl);
  const wanted = new Set(stillLegacyWildcard ? [wildcardName] : requested);
  const had = wildcard ? [wildcardName, ...names] : [...names];
  return {
    subscribe: [...wanted].filter((name) => !had.includes(name)),
    unsubscribe: had.filter((name) => !wanted.has(name)),
  };
};

const sotwResponse = ({ typeUrl, nonce, version, difference, whole }: Push): DiscoveryResponse =>
  create(DiscoveryResponseSchema, {
    typeUrl,
    nonce,
    versionInfo: version,
    // Types of which each response is the whole state need all; of others what changed is enough.
    resources: (isWholeStateType(typeUrl) ? whole : difference.changed).map((resource) =>
      create(AnySchema, {
        typeUrl: resource.typeUrl,
        value: resource.bytes as Uint8Array<ArrayBuffer>,
      }),
    ),
  });
