import type { Container, Pod } from '@lateen/api';
import { parse } from 'yaml';
import type { Destination } from '../network/tcp-relay.ts';

/** Istio's port of the admin pages, on localhost inside a real pod. Here it is a socket of the pod. */
export const adminPort = 15_000;
const httpProxyPort = 15_002;
/** The Istio release whose configuration our proxies understand. */
const istioVersion = '1.30.0';
const metaPrefix = 'ISTIO_META_';

/** Sidecars stand before an app, routers (gateways) on their own. */
export type ProxyRole = 'sidecar' | 'router';

export interface ProxyBootstrapInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly role: ProxyRole;
  readonly podAddress: string;
  /** Node metadata CLUSTER_ID. */
  readonly clusterId: string;
  /** Node metadata NETWORK; undefined: one network for all. */
  readonly networkId?: string | undefined;
  /** Workload port to port of 127.0.0.1. */
  readonly appPorts: ReadonlyMap<number, number>;
  /** Where istiod serves xDS over TLS. */
  readonly discovery: Destination;
  /** Unix socket of the agent's SDS. */
  readonly secretSocket: string;
  /** Unix socket of the admin pages. */
  readonly adminSocket: string;
}

const workload = (pod: Pod): { name: string; owner: string } => {
  const { metadata } = pod;
  const namespace = metadata.namespace ?? 'default';
  const controller = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const hash = metadata.labels?.['pod-template-hash'];
  const replicaSet = controller?.kind === 'ReplicaSet' && hash !== undefined;
  const name = replicaSet
    ? controller.name.slice(0, -(hash.length + 1))
    : (controller?.name ?? metadata.name);
  const path = replicaSet
    ? `apps/v1/namespaces/${namespace}/deployments/${name}`
    : `v1/namespaces/${namespace}/pods/${metadata.name}`;
  return { name, owner: `kubernetes://apis/${path}` };
};

/** `ISTIO_META_<KEY>` variables with a literal value, as pilot-agent reads them. */
const metaVariables = ({ env = [] }: Container): Record<string, string> =>
  Object.fromEntries(
    env.flatMap(({ name, value }) =>
      name.startsWith(metaPrefix) && value !== undefined
        ? [[name.slice(metaPrefix.length), value] as const]
        : [],
    ),
  );

const appAddresses = (ports: ReadonlyMap<number, number>): string =>
  JSON.stringify(
    Object.fromEntries([...ports].map(([port, own]) => [String(port), `127.0.0.1:${own}`])),
  );

const configAnnotation = 'proxy.istio.io/config';

/** ProxyConfig that a pod gives for its own proxy, as pilot-agent sends it; injection warned of what is none. */
const proxyConfig = ({ metadata }: Pod): Record<string, unknown> => {
  try {
    const config: unknown = parse(metadata.annotations?.[configAnnotation] ?? '');
    const isConfig = typeof config === 'object' && config !== null && !Array.isArray(config);
    return isConfig ? { PROXY_CONFIG: config } : {};
  } catch {
    return {};
  }
};

const metadataOf = (input: ProxyBootstrapInput): Record<string, unknown> => {
  const { pod, container, role, podAddress, appPorts } = input;
  const { metadata, spec } = pod;
  const { name, owner } = workload(pod);
  return {
    NAME: metadata.name,
    NAMESPACE: metadata.namespace ?? 'default',
    LABELS: metadata.labels ?? {},
    ANNOTATIONS: metadata.annotations ?? {},
    SERVICE_ACCOUNT: spec.serviceAccountName ?? 'default',
    NODE_NAME: spec.nodeName ?? '',
    INSTANCE_IPS: podAddress,
    ISTIO_VERSION: istioVersion,
    CLUSTER_ID: input.clusterId,
    ...(input.networkId !== undefined && { NETWORK: input.networkId }),
    MESH_ID: 'cluster.local',
    INTERCEPTION_MODE: 'NONE',
    WORKLOAD_NAME: name,
    OWNER: owner,
    ...(role === 'sidecar' && { HTTP_PROXY_PORT: String(httpProxyPort) }),
    ...proxyConfig(pod),
    ...metaVariables(container),
    LATEEN_BIND_ADDRESS: podAddress,
    LATEEN_SDS: 'true',
    ...(appPorts.size > 0 && { LATEEN_APP_PORTS: appAddresses(appPorts) }),
  };
};

const canonicalName = ({ metadata }: Pod, fallback: string): string =>
  metadata.labels?.['service.istio.io/canonical-name'] ?? metadata.labels?.['app'] ?? fallback;

const bucketsAnnotation = 'sidecar.istio.io/statsHistogramBuckets';

/** Bounds that rise, and are greater than 0: others would keep the proxy from starting. */
const areBuckets = (value: unknown): value is readonly number[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((bound, at) => typeof bound === 'number' && bound > (value[at - 1] ?? 0));

/** Buckets of histograms by the prefix of their names: `{"istiocustom": [1, 5, 10]}`. */
const statsConfig = ({ metadata }: Pod): object => {
  let found: unknown;
  try {
    found = JSON.parse(metadata.annotations?.[bucketsAnnotation] ?? '');
  } catch {
    return {};
  }
  if (typeof found !== 'object' || found === null) return {};
  const settings = Object.entries(found)
    .filter(([, buckets]) => areBuckets(buckets))
    .map(([prefix, buckets]) => ({ match: { prefix }, buckets }));
  return settings.length === 0 ? {} : { stats_config: { histogram_bucket_settings: settings } };
};

const socketAddress = ({ host, port }: Destination): object => ({
  socket_address: { address: host, port_value: port },
});

/** The cluster of the agent's SDS, by the name the translator's TLS contexts give it too. */
const secretCluster = 'sds-grpc';
/** Name in istiod's certificate. */
const discoveryName = 'istiod.istio-system.svc';

const secretFromAgent = (name: string): object => ({
  name,
  sds_config: {
    resource_api_version: 'V3',
    initial_fetch_timeout: '0s',
    api_config_source: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [{ envoy_grpc: { cluster_name: secretCluster } }],
    },
  },
});

/** Mutual TLS with the workload's own certificate. */
const discoveryTls = {
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    sni: discoveryName,
    common_tls_context: {
      alpn_protocols: ['h2'],
      tls_certificate_sds_secret_configs: [secretFromAgent('default')],
      combined_validation_context: {
        default_validation_context: {
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: discoveryName } }],
        },
        validation_context_sds_secret_config: secretFromAgent('ROOTCA'),
      },
    },
  },
};

const grpcCluster = (name: string, address: object, more: object = {}): object => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  http2_protocol_options: {},
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
  },
  ...more,
});

const adsSource = { ads: {}, resource_api_version: 'V3' };

/**
 * What a proxy starts with: an envoy.config.bootstrap.v3.Bootstrap in protobuf JSON that says who it
 * is, where its admin page goes, and where its certificate (SDS of its agent) and its configuration
 * (delta ADS over mutual TLS) come from.
 */
export const proxyBootstrap = (input: ProxyBootstrapInput): object => {
  const { pod, role, podAddress, discovery, secretSocket, adminSocket } = input;
  const namespace = pod.metadata.namespace ?? 'default';
  const workloadName = workload(pod).name;
  const id = `${pod.metadata.name}.${namespace}`;
  return {
    node: {
      id: `${role}~${podAddress}~${id}~${namespace}.svc.cluster.local`,
      cluster: `${canonicalName(pod, workloadName)}.${namespace}`,
      metadata: metadataOf(input),
    },
    admin: { address: { pipe: { path: adminSocket } } },
    ...statsConfig(pod),
    // Servers see by which pod they are called, as they do where pods have networks of their own.
    cluster_manager: {
      upstream_bind_config: { source_address: { address: podAddress, port_value: 0 } },
    },
    dynamic_resources: {
      lds_config: adsSource,
      cds_config: adsSource,
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
    },
    static_resources: {
      clusters: [
        grpcCluster(secretCluster, { pipe: { path: secretSocket } }),
        grpcCluster('xds-grpc', socketAddress(discovery), { transport_socket: discoveryTls }),
      ],
    },
  };
};
