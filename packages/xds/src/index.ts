export { anyTypeName, packAny, unpackAny } from './any.ts';
export { toCanonicalBinary } from './canonical-message.ts';
export {
  type ClientProtocol,
  type ClientState,
  type ClientStep,
  type ClientSubscription,
  type ClientUpdate,
  openClientState,
  type ReceivedResource,
  type Rejection,
} from './client-state.ts';
export { contentHash, unorderedHash } from './content-hash.ts';
export { deltaClient } from './delta-client.ts';
export { deltaServer } from './delta-server.ts';
export { loadTypeRegistry, messageToJson } from './message-json.ts';
export { createResource, type Resource } from './resource.ts';
export { type NamedResource, nameOfResource } from './resource-name.ts';
export {
  openServerState,
  type ServerProtocol,
  type ServerState,
  type ServerStep,
} from './server-state.ts';
export {
  createSnapshot,
  diffSnapshots,
  emptySnapshot,
  type ResourceMap,
  resourcesOfType,
  type Snapshot,
  type TypeDifference,
  versionOfSet,
  withResourcesOfType,
} from './snapshot.ts';
export {
  checkConsistency,
  clusterNamesOf,
  endpointNameOf,
  routeNamesOf,
} from './snapshot-consistency.ts';
export { sotwClient } from './sotw-client.ts';
export { sotwServer } from './sotw-server.ts';
export {
  type RejectedResponse,
  type SentResponse,
  type Subscription,
  subscribedResources,
  wildcardName,
} from './subscription.ts';
export {
  comparePushOrder,
  isWholeStateType,
  pushOrder,
  type ShortTypeName,
  shortTypeName,
  typeUrlOf,
  typeUrls,
} from './type-url.ts';
