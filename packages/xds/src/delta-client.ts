import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
} from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  type ClientProtocol,
  type ClientState,
  type ClientStep,
  type ClientSubscription,
  clientSubscription,
  isSubscribed,
  settledSubscription,
  withClientSubscription,
  withoutNames,
} from './client-state.ts';
import { rejectionStatus } from './rejection-status.ts';
import { wildcardName } from './subscription.ts';
import { isWholeStateType } from './type-url.ts';

/** The client's side of incremental xDS (`DeltaAggregatedResources`). */
export const deltaClient: ClientProtocol<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  subscribe(state, typeUrl, names) {
    const before = clientSubscription(state, typeUrl);
    const added = names.filter((name) =>
      name === wildcardName ? !before.wildcard : !before.names.has(name),
    );
    if (added.length === 0) return { state, requests: [] };
    const after = {
      ...before,
      wildcard: before.wildcard || added.includes(wildcardName),
      names: new Set([...before.names, ...added.filter((name) => name !== wildcardName)]),
    };
    const next = withClientSubscription(state, after);
    if (!state.subscriptions.has(typeUrl)) return send(next, firstRequest(after));
    return send(next, { typeUrl, resourceNamesSubscribe: added });
  },
  unsubscribe(state, typeUrl, names) {
    const before = clientSubscription(state, typeUrl);
    const dropped = names.filter((name) =>
      name === wildcardName ? before.wildcard : before.names.has(name),
    );
    if (dropped.length === 0) return { state, requests: [] };
    const after = withoutNames(before, dropped, wildcardName);
    const request = { typeUrl, resourceNamesUnsubscribe: dropped };
    return send(withClientSubscription(state, after), request);
  },
  reconnect(state) {
    let next: ClientState = { ...state, nodeSent: false };
    const requests: DeltaDiscoveryRequest[] = [];
    for (const subscription of state.subscriptions.values()) {
      next = withClientSubscription(next, { ...subscription, nonce: '' });
      const step = send(next, firstRequest(subscription));
      next = step.state;
      requests.push(...step.requests);
    }
    return { state: next, requests };
  },
  receive(state, { typeUrl, nonce, systemVersionInfo: version, resources, removedResources }) {
    const subscription = clientSubscription(state, typeUrl);
    const changed = resources
      .filter(({ name }) => isSubscribed(subscription, name))
      .map(({ name, version: resourceVersion, resource }) => ({
        name,
        version: resourceVersion,
        any: resource ?? create(AnySchema),
      }));
    const next = state.subscriptions.has(typeUrl)
      ? withClientSubscription(state, { ...subscription, nonce })
      : state;
    const removed = removedResources.filter((name) => isSubscribed(subscription, name));
    return { state: next, update: { typeUrl, nonce, version, changed, removed } };
  },
  settle(state, update, rejection) {
    const { typeUrl, nonce: responseNonce } = update;
    const errorDetail = rejectionStatus(rejection);
    const request = { typeUrl, responseNonce, ...(errorDetail ? { errorDetail } : {}) };
    const subscription = state.subscriptions.get(typeUrl);
    if (subscription === undefined) return send(state, request);
    const settled = settledSubscription(subscription, update, rejection);
    return send(withClientSubscription(state, settled), request);
  },
};

/** A first request of only a wildcard names nothing, as clients always did for listeners and clusters. */
const firstRequest = (
  subscription: ClientSubscription,
): MessageInitShape<typeof DeltaDiscoveryRequestSchema> => {
  const { typeUrl, wildcard, names, versions } = subscription;
  const isPlainWildcard = wildcard && names.size === 0 && isWholeStateType(typeUrl);
  const named = wildcard ? [wildcardName, ...names] : [...names];
  return {
    typeUrl,
    resourceNamesSubscribe: isPlainWildcard ? [] : named,
    initialResourceVersions: Object.fromEntries(versions),
  };
};

const send = (
  state: ClientState,
  request: MessageInitShape<typeof DeltaDiscoveryRequestSchema>,
): ClientStep<DeltaDiscoveryRequest> => {
  const message = create(DeltaDiscoveryRequestSchema, request);
  if (!state.nodeSent) message.node = state.node;
  return { state: { ...state, nodeSent: true }, requests: [message] };
};
