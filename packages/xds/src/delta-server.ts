import { create } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import type { Resource } from './resource.ts';
import { duePushes, type Push, type ServerProtocol, withSubscription } from './server-state.ts';
import { changeInterest, openSubscription, settle } from './subscription.ts';

/** The server's side of incremental xDS (`DeltaAggregatedResources`). */
export const deltaServer: ServerProtocol<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  receive(state, request) {
    const { typeUrl, resourceNamesSubscribe: subscribe } = request;
    const known = state.subscriptions.get(typeUrl);
    if (known === undefined) {
      const { initialResourceVersions: initialVersions } = request;
      const opened = openSubscription(typeUrl, { names: subscribe, initialVersions });
      return withSubscription(state, opened);
    }
    // Subscriptions count even when the nonce is stale: they are changes, not a state.
    const settled = settle(known, request.responseNonce, request.errorDetail?.message);
    const interest = { subscribe, unsubscribe: request.resourceNamesUnsubscribe };
    return withSubscription(state, changeInterest(settled, interest));
  },
  respond(state, snapshot) {
    const due = duePushes(state, snapshot, () => false);
    return { state: due.state, responses: due.pushes.map(deltaResponse) };
  },
};

const deltaResponse = ({ typeUrl, nonce, version, difference }: Push): DeltaDiscoveryResponse =>
  create(DeltaDiscoveryResponseSchema, {
    typeUrl,
    nonce,
    systemVersionInfo: version,
    resources: difference.changed.map(wireResource),
    removedResources: [...difference.withdrawn, ...difference.missing],
  });

const wireResource = ({
  name,
  version,
  typeUrl,
  bytes,
}: Resource): DeltaDiscoveryResponse['resources'][number] =>
  create(ResourceSchema, {
    name,
    version,
    resource: create(AnySchema, { typeUrl, value: bytes as Uint8Array<ArrayBuffer> }),
  });
