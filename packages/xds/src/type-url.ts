/** Envoy v3 resource types by their short names; values are the `type_url` of xDS requests and responses. */
export const typeUrls = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  extensionConfig: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
  bootstrap: 'type.googleapis.com/envoy.config.bootstrap.v3.Bootstrap',
} as const;

/** What people call a discovery service. */
export type ShortTypeName = 'CDS' | 'EDS' | 'LDS' | 'RDS' | 'SDS' | 'ECDS';

const shortNames: ReadonlyMap<string, ShortTypeName> = new Map([
  [typeUrls.cluster, 'CDS'],
  [typeUrls.endpoint, 'EDS'],
  [typeUrls.listener, 'LDS'],
  [typeUrls.route, 'RDS'],
  [typeUrls.secret, 'SDS'],
  [typeUrls.extensionConfig, 'ECDS'],
]);

/** `CDS` for the cluster type and so on; a type of others is called by its URL. */
export const shortTypeName = (typeUrl: string): string => shortNames.get(typeUrl) ?? typeUrl;

/**
 * The order in which types go on the wire, so that nothing refers to what is not there yet
 * (Envoy's "eventual consistency considerations"). Filters (ECDS) are needed by listeners.
 */
export const pushOrder: readonly string[] = [
  typeUrls.cluster,
  typeUrls.endpoint,
  typeUrls.extensionConfig,
  typeUrls.listener,
  typeUrls.route,
  typeUrls.secret,
];

const ranks: ReadonlyMap<string, number> = new Map(pushOrder.map((url, rank) => [url, rank]));

/** Compares type URLs by `pushOrder`; unknown types come last, by name. */
export const comparePushOrder = (left: string, right: string): number => {
  const difference = (ranks.get(left) ?? ranks.size) - (ranks.get(right) ?? ranks.size);
  return difference !== 0 ? difference : Number(left > right) - Number(left < right);
};

/**
 * Types whose SotW response is the whole state (what is missing is gone), and for which a first
 * request without names means all resources: listeners and clusters, as the xDS protocol says.
 */
export const isWholeStateType = (typeUrl: string): boolean =>
  typeUrl === typeUrls.cluster || typeUrl === typeUrls.listener;

const typeUrlPrefix = 'type.googleapis.com/';

/** `type.googleapis.com/<full message name>`. */
export const typeUrlOf = (messageName: string): string => `${typeUrlPrefix}${messageName}`;
