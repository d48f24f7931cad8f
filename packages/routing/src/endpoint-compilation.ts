import type { Checked } from '@lateen/base';
import { HealthStatus } from '@lateen/xds/gen/envoy/config/core/v3/health_check_pb.js';
import type {
  LbEndpoint,
  LocalityLbEndpoints,
} from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_components_pb.js';
import type { ClusterLoadAssignment } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { addressKey, compileAddress } from './address.ts';
import type { EndpointEntry, EndpointTable, Locality } from './endpoint-table.ts';
import { filterMetadata } from './filter-metadata.ts';
import { Findings } from './findings.ts';
import { millionths } from './fraction.ts';

/** Envoy's default: a priority takes all traffic while 1/1.4 of it is healthy. */
const defaultOverprovisioning = 140;
/** Envoy's bound on priorities. */
const maxPriority = 128;

const healths: Readonly<Record<number, EndpointEntry['health']>> = {
  [HealthStatus.UNKNOWN]: 'healthy',
  [HealthStatus.HEALTHY]: 'healthy',
  [HealthStatus.UNHEALTHY]: 'unhealthy',
  [HealthStatus.TIMEOUT]: 'unhealthy',
  [HealthStatus.DRAINING]: 'draining',
  [HealthStatus.DEGRADED]: 'degraded',
};

interface Group {
  readonly priority: number;
  readonly locality: Locality;
  readonly localityWeight: number | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const isEmpty = (record: Readonly<Record<string, unknown>>): boolean => {
  for (const _ in record) return false;
  return true;
};

const compileEntry = (
  message: LbEndpoint,
  group: Group,
  findings: Findings,
  path: string,
): readonly EndpointEntry[] => {
  const host = message.hostIdentifier;
  if (host.case !== 'endpoint') {
    findings.error(`${path}.host_identifier`, 'FieldRequired', 'an endpoint is required');
    return [];
  }
  const address = compileAddress(host.value.address, findings, `${path}.endpoint.address`);
  if (address === undefined) return [];
  const own = filterMetadata(message.metadata);
  return [
    {
      address,
      key: addressKey(address),
      hostname: host.value.hostname,
      weight: Math.max(1, message.loadBalancingWeight ?? 1),
      health: healths[message.healthStatus] ?? 'unhealthy',
      priority: group.priority,
      locality: group.locality,
      localityWeight: group.localityWeight,
      metadata: isEmpty(group.metadata) ? own : { ...group.metadata, ...own },
    },
  ];
};

const compileGroup = (
  message: LocalityLbEndpoints,
  findings: Findings,
  path: string,
): readonly EndpointEntry[] => {
  if (message.priority > maxPriority) {
    findings.error(`${path}.priority`, 'FieldInvalid', `must be at most ${maxPriority}`);
  }
  const { region = '', zone = '', subZone = '' } = message.locality ?? {};
  const group: Group = {
    priority: message.priority,
    locality: { region, zone, subZone },
    localityWeight: message.loadBalancingWeight,
    metadata: filterMetadata(message.metadata),
  };
  const list =
    message.lbConfig.case === 'loadBalancerEndpoints'
      ? message.lbConfig.value.lbEndpoints
      : message.lbEndpoints;
  return list.flatMap((entry, index) =>
    compileEntry(entry, group, findings, `${path}.lb_endpoints[${index}]`),
  );
};

/** Compiles into a finding list that others share; `path` prefixes field paths (with its dot). */
export const compileEndpointTable = (
  message: ClusterLoadAssignment,
  findings: Findings,
  path = '',
): EndpointTable => {
  const endpoints = message.endpoints.flatMap((group, index) =>
    compileGroup(group, findings, `${path}endpoints[${index}]`),
  );
  const top = endpoints.reduce((most, { priority }) => Math.max(most, priority), -1);
  return {
    clusterName: message.clusterName,
    endpoints,
    priorities: top + 1,
    overprovisioningPercent: message.policy?.overprovisioningFactor ?? defaultOverprovisioning,
    drops: (message.policy?.dropOverloads ?? []).map(({ category, dropPercentage }) => ({
      category,
      fraction: millionths(dropPercentage, 0),
    })),
  };
};

/** Compiles endpoints into one flat list; a message with an error gives no table. */
export const compileEndpoints = (message: ClusterLoadAssignment): Checked<EndpointTable> => {
  const findings = new Findings();
  return findings.checked(compileEndpointTable(message, findings));
};
