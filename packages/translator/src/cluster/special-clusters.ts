import { create } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { endpointAddress } from '../envoy/address.ts';
import { duration } from '../envoy/duration.ts';
import { metadata } from '../envoy/metadata.ts';
import type { ConnectionPool } from '../input/traffic-policy.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import {
  blackHoleCluster,
  inboundCluster,
  inboundPassthroughCluster,
  passthroughCluster,
} from '../naming/cluster-name.ts';
import type { ProxyDescriptor, SocketTarget } from '../proxy/proxy-descriptor.ts';
import type { ServiceTarget } from '../proxy/service-target.ts';
import { circuitBreakers } from './circuit-breakers.ts';
import { httpProtocolOptions } from './http-protocol.ts';
import { keepaliveFields } from './keepalive.ts';
import { originalDestination } from './original-destination.ts';
import { sourceOutside } from './source-address.ts';

/** Source address of connections to the app, by which iptables rules know not to capture them. */
const inboundSourceAddress = '127.0.0.6';

/** Takes a connection and has nowhere to send it. */
export const blackHole = ({ connectTimeoutMs }: MeshConfig): Cluster =>
  create(ClusterSchema, {
    name: blackHoleCluster,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: duration(connectTimeoutMs),
  });

const anyHttp = {
  protocol: 'Auto',
  pool: undefined,
  meshUpgrades: false,
  autoSni: false,
} as const;

/** For hosts that no service claims. */
export const passthrough = (
  mesh: MeshConfig,
  { interceptionMode, bindAddress }: Pick<ProxyDescriptor, 'interceptionMode' | 'bindAddress'>,
): Cluster =>
  create(ClusterSchema, {
    name: passthroughCluster,
    ...originalDestination(interceptionMode),
    ...sourceOutside({ isBound: bindAddress !== undefined }),
    connectTimeout: duration(mesh.connectTimeoutMs),
    circuitBreakers: circuitBreakers(undefined, undefined),
    typedExtensionProtocolOptions: httpProtocolOptions(anyHttp),
  });

/** To the app's own address, for inbound ports no service names. */
export const inboundPassthrough = (mesh: MeshConfig): Cluster =>
  create(ClusterSchema, {
    name: inboundPassthroughCluster,
    ...originalDestination('REDIRECT'),
    connectTimeout: duration(mesh.connectTimeoutMs),
    circuitBreakers: circuitBreakers(undefined, undefined),
    typedExtensionProtocolOptions: httpProtocolOptions(anyHttp),
    upstreamBindConfig: {
      sourceAddress: {
        address: inboundSourceAddress,
        portSpecifier: { case: 'portValue', value: 0 },
      },
    },
  });

const staticEndpoint = (name: string, { address, port }: SocketTarget) => ({
  clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC } as const,
  loadAssignment: {
    clusterName: name,
    endpoints: [
      {
        lbEndpoints: [
          {
            hostIdentifier: {
              case: 'endpoint',
              value: { address: endpointAddress(address, port) },
            } as const,
          },
        ],
      },
    ],
  },
});

const named = ({ services }: ServiceTarget) =>
  services.map(({ hostname, name, namespace }) => ({ host: hostname, name, namespace }));

/** Where the app is, undefined at the connection's original destination, and its limits. */
export interface InboundApp {
  readonly address: SocketTarget | undefined;
  readonly pool: ConnectionPool | undefined;
}

/** Upgrades to HTTP/2 are between proxies: the app gets what its port declares. */
const withoutUpgrade = (pool: ConnectionPool | undefined): ConnectionPool | undefined =>
  pool?.http === undefined
    ? pool
    : { ...pool, http: { ...pool.http, h2UpgradePolicy: 'DO_NOT_UPGRADE' } };

/** `inbound|TARGETPORT||`: the app behind the sidecar. */
export const inbound = (
  mesh: MeshConfig,
  target: ServiceTarget,
  { address, pool }: InboundApp,
): Cluster => {
  const name = inboundCluster(target.port);
  const discovery =
    address === undefined
      ? {
          ...originalDestination('REDIRECT'),
          upstreamBindConfig: {
            sourceAddress: {
              address: inboundSourceAddress,
              portSpecifier: { case: 'portValue', value: 0 } as const,
            },
          },
        }
      : staticEndpoint(name, address);
  return create(ClusterSchema, {
    name,
    ...discovery,
    connectTimeout: duration(pool?.tcp?.connectTimeout ?? mesh.connectTimeoutMs),
    circuitBreakers: circuitBreakers(pool, undefined),
    ...keepaliveFields(pool),
    typedExtensionProtocolOptions: httpProtocolOptions({
      protocol: target.servicePort.protocol,
      pool: withoutUpgrade(pool),
      meshUpgrades: false,
      autoSni: false,
    }),
    ...(target.services.length > 0 && {
      metadata: metadata({ istio: { services: named(target) } }),
    }),
  });
};
