import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
} from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  type ClientProtocol,
  type ClientState,
  type ClientStep,
  type ClientSubscription,
  clientSubscription,
  isSubscribed,
  type ReceivedResource,
  settledSubscription,
  withClientSubscription,
  withoutNames,
} from './client-state.ts';
import { contentHash } from './content-hash.ts';
import { rejectionStatus } from './rejection-status.ts';
import { nameOfResource } from './resource-name.ts';
import { wildcardName } from './subscription.ts';
import { isWholeStateType } from './type-url.ts';

/** The client's side of state-of-the-world xDS (`StreamAggregatedResources`). */
export const sotwClient: ClientProtocol<DiscoveryRequest, DiscoveryResponse> = {
  subscribe(state, typeUrl, names) {
    const before = clientSubscription(state, typeUrl);
    const after = {
      ...before,
      wildcard: before.wildcard || names.includes(wildcardName),
      names: new Set([...before.names, ...names.filter((name) => name !== wildcardName)]),
    };
    const isSame = after.wildcard === before.wildcard && after.names.size === before.names.size;
    if (isSame) return { state, requests: [] };
    return send(withClientSubscription(state, after), requestOf(after));
  },
  unsubscribe(state, typeUrl, names) {
    const before = clientSubscription(state, typeUrl);
    const after = withoutNames(before, names, wildcardName);
    const isSame = after.wildcard === before.wildcard && after.names.size === before.names.size;
    if (isSame) return { state, requests: [] };
    return send(withClientSubscription(state, after), requestOf(after));
  },
  reconnect(state) {
    let next: ClientState = { ...state, nodeSent: false };
    const requests: DiscoveryRequest[] = [];
    for (const subscription of state.subscriptions.values()) {
      const fresh = { ...subscription, nonce: '' };
      const step = send(withClientSubscription(next, fresh), requestOf(fresh));
      next = step.state;
      requests.push(...step.requests);
    }
    return { state: next, requests };
  },
  receive(state, { typeUrl, nonce, versionInfo: version, resources }) {
    const subscription = clientSubscription(state, typeUrl);
    const received = resources
      .map((any) => receivedResource(any))
      .filter(({ name }) => isSubscribed(subscription, name));
    const names = new Set(received.map(({ name }) => name));
    const removed = isWholeStateType(typeUrl)
      ? [...subscription.versions.keys()].filter((name) => !names.has(name))
      : [];
    const changed = received.filter((one) => subscription.versions.get(one.name) !== one.version);
    const next = state.subscriptions.has(typeUrl)
      ? withClientSubscription(state, { ...subscription, nonce })
      : state;
    return { state: next, update: { typeUrl, nonce, version, changed, removed } };
  },
  settle(state, update, rejection) {
    const subscription = state.subscriptions.get(update.typeUrl);
    if (subscription === undefined) return { state, requests: [] };
    const settled = settledSubscription(subscription, update, rejection);
    const errorDetail = rejectionStatus(rejection);
    const request = {
      ...requestOf(settled),
      responseNonce: update.nonce,
      ...(errorDetail ? { errorDetail } : {}),
    };
    return send(withClientSubscription(state, settled), request);
  },
};

const receivedResource = (any: Any): ReceivedResource => {
  const { name, resource } = nameOfResource(any);
  return { name, version: contentHash(resource.value), any: resource };
};

type RequestInit = MessageInitShape<typeof DiscoveryRequestSchema>;

const requestOf = (subscription: ClientSubscription): RequestInit => {
  const { typeUrl, wildcard, names, version: versionInfo, nonce: responseNonce } = subscription;
  const isPlainWildcard = wildcard && names.size === 0 && isWholeStateType(typeUrl);
  const named = wildcard ? [wildcardName, ...names] : [...names];
  return { typeUrl, versionInfo, responseNonce, resourceNames: isPlainWildcard ? [] : named };
};

const send = (state: ClientState, request: RequestInit): ClientStep<DiscoveryRequest> => {
  const message = create(DiscoveryRequestSchema, request);
  if (!state.nodeSent) message.node = state.node;
  return { state: { ...state, nodeSent: true }, requests: [message] };
};
