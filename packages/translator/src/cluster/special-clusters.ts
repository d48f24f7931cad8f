import { create } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { socketAddress } from '../envoy/address.ts';
import { duration } from '../envoy/duration.ts';
import { metadata } from '../envoy/metadata.ts';
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

/** Source address of connections to the app, by which iptables rules know not to capture them. */
const inboundSourceAddress = '127.0.0.6';

/** Takes a connection and has nowhere to send it. */
export const blackHole = ({ connectTimeoutMs }: MeshConfig): Cluster =>
  create(ClusterSchema, {
    name: blackHoleCluster,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: duration(connectTimeoutMs),
  });

const originalDestination = {
  clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
  lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
} as const;

const anyHttp = {
  protocol: 'Auto',
  pool: undefined,
  meshUpgrades: false,
  autoSni: false,
} as const;

/**
 * Where the client wanted to go. Without interception the socket does not know, and the request's
 * authority says it instead.
 */
export const passthrough = (mesh: MeshConfig, proxy: ProxyDescriptor): Cluster =>
  create(ClusterSchema, {
    name: passthroughCluster,
    ...originalDestination,
    ...(proxy.interceptionMode === 'NONE' && {
      lbConfig: {
        case: 'originalDstLbConfig',
        value: { useHttpHeader: true, httpHeaderName: ':authority' },
      },
    }),
    connectTimeout: duration(mesh.connectTimeoutMs),
    circuitBreakers: circuitBreakers(undefined, undefined),
    typedExtensionProtocolOptions: httpProtocolOptions(anyHttp),
  });

/** To the app's own address, for inbound ports no service names. */
export const inboundPassthrough = (mesh: MeshConfig): Cluster =>
  create(ClusterSchema, {
    name: inboundPassthroughCluster,
    ...originalDestination,
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
              value: { address: socketAddress(address, port) },
            } as const,
          },
        ],
      },
    ],
  },
});

/** `inbound|TARGETPORT||`: the app, at a known address or at the connection's original one. */
export const inbound = (
  mesh: MeshConfig,
  target: ServiceTarget,
  app: SocketTarget | undefined,
): Cluster => {
  const name = inboundCluster(target.port);
  const discovery =
    app === undefined
      ? {
          ...originalDestination,
          upstreamBindConfig: {
            sourceAddress: {
              address: inboundSourceAddress,
              portSpecifier: { case: 'portValue', value: 0 } as const,
            },
          },
        }
      : staticEndpoint(name, app);
  return create(ClusterSchema, {
    name,
    ...discovery,
    connectTimeout: duration(mesh.connectTimeoutMs),
    circuitBreakers: circuitBreakers(undefined, undefined),
    typedExtensionProtocolOptions: httpProtocolOptions({
      protocol: target.servicePort.protocol,
      pool: undefined,
      meshUpgrades: false,
      autoSni: false,
    }),
    metadata: metadata({
      istio: {
        services: target.services.map(({ hostname, name: serviceName, namespace }) => ({
          host: hostname,
          name: serviceName,
          namespace,
        })),
      },
    }),
  });
};
