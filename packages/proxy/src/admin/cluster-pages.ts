import type { JsonObject } from '@bufbuild/protobuf';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { AdminContext } from './admin-context.ts';

const healthFlags = (endpoint: Endpoint): string => {
  const flags: string[] = [];
  if (endpoint.isEjected) flags.push('/failed_outlier_check');
  if (endpoint.entry.health === 'unhealthy') flags.push('/failed_eds_health');
  if (endpoint.entry.health === 'degraded') flags.push('/degraded_eds_health');
  return flags.length === 0 ? 'healthy' : flags.join('');
};

const endpointLines = (cluster: Cluster, endpoint: Endpoint): string => {
  const { entry } = endpoint;
  const prefix = `${cluster.name}::${entry.key}::`;
  const facts: readonly (readonly [string, string | number | boolean])[] = [
    ['cx_active', endpoint.connections],
    ['cx_connect_fail', endpoint.connectFailures],
    ['rq_active', endpoint.active],
    ['rq_error', endpoint.requestsFailed],
    ['rq_success', endpoint.requestsTotal - endpoint.requestsFailed - endpoint.active],
    ['rq_total', endpoint.requestsTotal],
    ['hostname', entry.hostname],
    ['health_flags', healthFlags(endpoint)],
    ['weight', entry.weight],
    ['region', entry.locality.region],
    ['zone', entry.locality.zone],
    ['sub_zone', entry.locality.subZone],
    ['canary', false],
    ['priority', entry.priority],
  ];
  return facts.map(([name, value]) => `${prefix}${name}::${value}\n`).join('');
};

const breakerLines = (cluster: Cluster): string =>
  (['default', 'high'] as const)
    .map((priority) => {
      const limits = cluster.table.circuitBreakers[priority];
      const prefix = `${cluster.name}::${priority}_priority::`;
      return `${prefix}max_connections::${limits.maxConnections}\n${prefix}max_pending_requests::${limits.maxPendingRequests}\n${prefix}max_requests::${limits.maxRequests}\n${prefix}max_retries::${limits.maxRetries}\n`;
    })
    .join('');

/** `/clusters` as text. */
export const printClusters = ({ configuration }: AdminContext): string =>
  configuration.clusters.all
    .map((cluster) => {
      const head = `${cluster.name}::observability_name::${cluster.table.statName}\n`;
      const endpoints = cluster.endpoints.endpoints.map((one) => endpointLines(cluster, one));
      return `${head}${breakerLines(cluster)}${cluster.name}::added_via_api::true\n${endpoints.join('')}`;
    })
    .join('');

const addressJson = ({ entry }: Endpoint): JsonObject =>
  entry.address.kind === 'socket'
    ? { socket_address: { address: entry.address.host, port_value: entry.address.port } }
    : { pipe: { path: entry.key } };

const healthJson = (endpoint: Endpoint): JsonObject => ({
  eds_health_status:
    endpoint.entry.health === 'unhealthy'
      ? 'UNHEALTHY'
      : endpoint.entry.health === 'draining'
        ? 'DRAINING'
        : 'HEALTHY',
  ...(endpoint.isEjected && { failed_outlier_check: true }),
});

const endpointJson = (endpoint: Endpoint): JsonObject => {
  const { entry } = endpoint;
  const { region, zone, subZone } = entry.locality;
  const counter = (name: string, value: number): JsonObject => ({ name, value: String(value) });
  return {
    address: addressJson(endpoint),
    stats: [
      counter('cx_connect_fail', endpoint.connectFailures),
      counter('rq_error', endpoint.requestsFailed),
      counter('rq_total', endpoint.requestsTotal),
      { ...counter('cx_active', endpoint.connections), type: 'GAUGE' },
      { ...counter('rq_active', endpoint.active), type: 'GAUGE' },
    ],
    health_status: healthJson(endpoint),
    weight: entry.weight,
    ...(entry.hostname !== '' && { hostname: entry.hostname }),
    ...(entry.priority > 0 && { priority: entry.priority }),
    locality: { region, zone, sub_zone: subZone },
  };
};

/** `/clusters?format=json`, in the shape of `envoy.admin.v3.Clusters`. */
export const clustersJson = ({ configuration }: AdminContext): JsonObject => ({
  cluster_statuses: configuration.clusters.all.map((cluster) => ({
    name: cluster.name,
    added_via_api: true,
    ...(cluster.endpoints.endpoints.length > 0 && {
      host_statuses: cluster.endpoints.endpoints.map(endpointJson),
    }),
    observability_name: cluster.table.statName,
  })),
});
