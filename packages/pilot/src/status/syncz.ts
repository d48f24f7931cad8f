import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { type Subscription, typeUrls } from '@lateen/xds';
import type { Connection } from '../ads/ads-server.ts';

/**
 * One row of istiod's `/debug/syncz`, under its field names; nonces tell what was sent and what was
 * acknowledged, '' that nothing was. The last four fields are ours.
 */
export interface SyncStatus {
  readonly cluster_id: string;
  /** `pod.namespace`. */
  readonly proxy: string;
  readonly proxy_type: string;
  readonly istio_version: string;
  readonly cluster_sent: string;
  readonly cluster_acked: string;
  readonly listener_sent: string;
  readonly listener_acked: string;
  readonly route_sent: string;
  readonly route_acked: string;
  readonly endpoint_sent: string;
  readonly endpoint_acked: string;
  readonly extensionconfig_sent: string;
  readonly extensionconfig_acked: string;
  /** Pod name of the control plane that answers. */
  readonly istiod: string;
  readonly connection_id: string;
  readonly protocol: 'delta' | 'sotw';
  /** Text of the NACK that is not made good yet, by the prefix of the type's fields (`route`). */
  readonly errors: Readonly<Record<string, string>>;
}

/** Types of the status page, by the prefix of their fields. */
const prefixes: Readonly<Record<string, string>> = {
  cluster: typeUrls.cluster,
  listener: typeUrls.listener,
  route: typeUrls.route,
  endpoint: typeUrls.endpoint,
  extensionconfig: typeUrls.extensionConfig,
};

/** Who answers. */
export interface ControlPlane {
  readonly podName: string;
}

/**
 * The state of each connected proxy, by name. A proxy that reconnected before its old stream was found
 * dead is shown by its newest connection.
 */
export const syncStatuses = (
  connections: readonly Connection[],
  controlPlane: ControlPlane,
): readonly SyncStatus[] => {
  const newest = new Map<string, Connection>();
  for (const connection of connections) newest.set(connection.node.id, connection);
  return [...newest.values()]
    .map((connection) => syncStatus(connection, controlPlane))
    .sort((left, right) => Number(left.proxy > right.proxy) - Number(left.proxy < right.proxy));
};

const syncStatus = (connection: Connection, { podName }: ControlPlane): SyncStatus => {
  const { proxy, subscriptions } = connection.stream;
  const of = (typeUrl: string): Subscription | undefined => subscriptions.get(typeUrl);
  return {
    cluster_id: proxy.clusterId,
    proxy: proxyName(connection),
    proxy_type: proxy.type,
    istio_version: textOf(connection.node.metadata, 'ISTIO_VERSION'),
    cluster_sent: of(typeUrls.cluster)?.sent?.nonce ?? '',
    cluster_acked: of(typeUrls.cluster)?.acked?.nonce ?? '',
    listener_sent: of(typeUrls.listener)?.sent?.nonce ?? '',
    listener_acked: of(typeUrls.listener)?.acked?.nonce ?? '',
    route_sent: of(typeUrls.route)?.sent?.nonce ?? '',
    route_acked: of(typeUrls.route)?.acked?.nonce ?? '',
    endpoint_sent: of(typeUrls.endpoint)?.sent?.nonce ?? '',
    endpoint_acked: of(typeUrls.endpoint)?.acked?.nonce ?? '',
    extensionconfig_sent: of(typeUrls.extensionConfig)?.sent?.nonce ?? '',
    extensionconfig_acked: of(typeUrls.extensionConfig)?.acked?.nonce ?? '',
    istiod: podName,
    connection_id: connection.id,
    protocol: connection.protocol,
    errors: Object.fromEntries(
      Object.entries(prefixes)
        .map(([prefix, typeUrl]) => [prefix, of(typeUrl)?.rejected?.error] as const)
        .filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
    ),
  };
};

/** `pod.namespace`: the third part of the node id, as istioctl names proxies. */
export const proxyName = ({ node }: Connection): string => node.id.split('~')[2] ?? node.id;

const textOf = (metadata: JsonObject | undefined, key: string): string => {
  const value: JsonValue | undefined = metadata?.[key];
  return typeof value === 'string' ? value : '';
};
