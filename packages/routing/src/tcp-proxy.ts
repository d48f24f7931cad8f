import type { TcpProxy } from '@lateen/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { type AccessLogSettings, compileAccessLogs } from './access-log.ts';
import { durationMsOr } from './duration.ts';
import type { Findings } from './findings.ts';
import type { Dice } from './request-head.ts';

/** One cluster of a TCP proxy. A single cluster is a list of one with weight 1. */
export interface TcpDestination {
  readonly cluster: string;
  readonly weight: number;
}

/** `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`. */
export interface TcpProxySettings {
  readonly kind: 'tcp-proxy';
  readonly statPrefix: string;
  readonly destinations: readonly TcpDestination[];
  /** Draws by weight when there is more than one destination. */
  select(dice: Dice): TcpDestination;
  /** Both directions silent for so long: close. Envoy default 3600000. 0: never. */
  readonly idleTimeoutMs: number;
  /** 0: none. */
  readonly maxConnectionDurationMs: number;
  /** Default 1. */
  readonly maxConnectAttempts: number;
  readonly accessLogs: readonly AccessLogSettings[];
  /** CONNECT to this host through the upstream, when set. */
  readonly tunnelHostname?: string;
  /** Hash the source address for consistent-hashing clusters. */
  readonly hashSourceIp: boolean;
}

/** Envoy's default, in milliseconds. */
const defaultIdleMs = 3_600_000;

const nowhere: TcpDestination = { cluster: '', weight: 1 };

const compileDestinations = (
  message: TcpProxy,
  findings: Findings,
  path: string,
): readonly TcpDestination[] => {
  const specifier = message.clusterSpecifier;
  if (specifier.case === 'cluster') return [{ cluster: specifier.value, weight: 1 }];
  const clusters = specifier.case === 'weightedClusters' ? specifier.value.clusters : [];
  const destinations = clusters.map(({ name, weight }) => ({ cluster: name, weight }));
  if (!destinations.some(({ weight }) => weight > 0)) {
    const message_ = 'a cluster, or clusters with a weight, are required';
    findings.error(`${path}.cluster_specifier`, 'FieldRequired', message_);
    return [nowhere];
  }
  return destinations;
};

const compileSelect = (
  destinations: readonly TcpDestination[],
): ((dice: Dice) => TcpDestination) => {
  const [first = nowhere] = destinations;
  if (destinations.length < 2) return () => first;
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
  return (dice) => {
    let drawn = dice(total);
    for (const destination of destinations) {
      if (drawn < destination.weight) return destination;
      drawn -= destination.weight;
    }
    return first;
  };
};

/** Compiles a TCP proxy. */
export const compileTcpProxy = (
  message: TcpProxy,
  findings: Findings,
  path: string,
): TcpProxySettings => {
  const destinations = compileDestinations(message, findings, path);
  const tunnelHostname = message.tunnelingConfig?.hostname;
  return {
    kind: 'tcp-proxy',
    statPrefix: message.statPrefix,
    destinations,
    select: compileSelect(destinations),
    idleTimeoutMs: durationMsOr(message.idleTimeout, defaultIdleMs),
    maxConnectionDurationMs: durationMsOr(message.maxDownstreamConnectionDuration, 0),
    maxConnectAttempts: Math.max(1, message.maxConnectAttempts ?? 1),
    accessLogs: compileAccessLogs(message.accessLog, findings, `${path}.access_log`),
    ...(tunnelHostname !== undefined && { tunnelHostname }),
    hashSourceIp: message.hashPolicy.some(
      ({ policySpecifier }) => policySpecifier.case === 'sourceIp',
    ),
  };
};
