import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type Filter,
  FilterSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { TcpProxySchema } from '@lateen/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { duration } from '../envoy/duration.ts';
import { metadataExchange, metadataExchangeFilter } from '../envoy/metadata-exchange.ts';
import type { Tunnel } from '../input/traffic-policy.ts';
import type { ListenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { statsFilter } from './http-filters.ts';

/** Clusters a connection may go to, each with its weight. */
export interface TcpTarget {
  readonly cluster: string;
  readonly weight: number;
}

/** What a TCP filter chain does. */
export interface TcpProxyOptions {
  readonly telemetry: ListenerTelemetry;
  readonly statPrefix: string;
  /** At least one; the statistics of a lone one are the cluster's. */
  readonly targets: readonly TcpTarget[];
  /** Filters of the workload's policies, before those that act on bytes. */
  readonly policies?: readonly Filter[];
  /** Mutual TLS of others goes through unopened: who they are is not for us. Default false. */
  readonly passesTls?: boolean;
  /** A tunnel to ask of the upstream by CONNECT or POST (DestinationRule `tunnel`). */
  readonly tunnel?: Tunnel | undefined;
  /** Silence after which the connection is closed; Envoy's default is one hour, 0 never. */
  readonly idleTimeoutMs?: number | undefined;
  /** Age at which the connection is closed; absent: never. */
  readonly maxConnectionDurationMs?: number | undefined;
  /** The client's address decides the endpoint of hashing balancers. Default false. */
  readonly hashSourceIp?: boolean;
}

const clusterSpecifier = (targets: readonly TcpTarget[]) => {
  const [only] = targets;
  if (targets.length === 1 && only !== undefined) {
    return { case: 'cluster', value: only.cluster } as const;
  }
  const clusters = targets
    .filter(({ weight }) => weight > 0)
    .map(({ cluster, weight }) => ({ name: cluster, weight }));
  return { case: 'weightedClusters', value: { clusters } } as const;
};

const tunnelingConfig = ({ protocol, targetHost = '', targetPort = 0 }: Tunnel) => ({
  hostname: `${targetHost}:${targetPort}`,
  usePost: protocol === 'POST',
});

/** Who is who, policies, telemetry, then `envoy.filters.network.tcp_proxy`. */
export const tcpFilters = (options: TcpProxyOptions): Filter[] => [
  ...(options.passesTls === true || !options.telemetry.extensions.metadataExchange
    ? []
    : [
        create(FilterSchema, {
          name: metadataExchangeFilter,
          configType: { case: 'typedConfig', value: metadataExchange },
        }),
      ]),
  ...(options.policies ?? []),
  ...options.telemetry.stats.map((value) =>
    create(FilterSchema, { name: statsFilter, configType: { case: 'typedConfig', value } }),
  ),
  create(FilterSchema, {
    name: 'envoy.filters.network.tcp_proxy',
    configType: {
      case: 'typedConfig',
      value: packAny(
        TcpProxySchema,
        create(TcpProxySchema, {
          statPrefix: options.statPrefix,
          clusterSpecifier: clusterSpecifier(options.targets),
          accessLog: [...options.telemetry.accessLogs.chains],
          ...(options.idleTimeoutMs !== undefined && {
            idleTimeout: duration(options.idleTimeoutMs),
          }),
          ...(options.maxConnectionDurationMs !== undefined && {
            maxDownstreamConnectionDuration: duration(options.maxConnectionDurationMs),
          }),
          ...(options.hashSourceIp === true && {
            hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }],
          }),
          ...(options.tunnel && { tunnelingConfig: tunnelingConfig(options.tunnel) }),
        }),
      ),
    },
  }),
];
