export { buildClusters } from './cluster/build-clusters.ts';
export { buildEndpoints } from './endpoint/build-endpoints.ts';
export { type ExtensionProvider, readExtensionProviders } from './input/extension-provider.ts';
export { type ProxyTracing, readProxyTracing } from './input/proxy-tracing.ts';
export { readHttpRetryPolicy } from './input/virtual-service.ts';
export { buildListeners } from './listener/build-listeners.ts';
export {
  type DefaultProviders,
  defaultMeshConfig,
  type MeshConfig,
  type OutboundTrafficPolicyMode,
  type PathNormalization,
} from './mesh/mesh-config.ts';
export type { MeshInputs, RemoteCluster } from './mesh/mesh-inputs.ts';
export { type ClusterName, formatClusterName, parseClusterName } from './naming/cluster-name.ts';
export { type Locality, parseLocality } from './proxy/locality.ts';
export {
  describeProxy,
  type InterceptionMode,
  type ProxyDescriptor,
  type ProxyNode,
  type SocketTarget,
} from './proxy/proxy-descriptor.ts';
export { buildPushContext } from './push-context/build-push-context.ts';
export {
  type TelemetryProvider,
  telemetryProviders,
} from './push-context/extension-provider-lookup.ts';
export { gatewayListenPort } from './push-context/merged-gateway.ts';
export type { PushContext } from './push-context/push-context.ts';
export { buildRoutes } from './route/build-routes.ts';
export { type KeySetLocation, keySetLocations } from './security/authentication/key-set.ts';
