import { X509Certificate } from 'node:crypto';
import type {
  ClusterRow,
  ListenerRow,
  ProxyConfigDump,
  ProxyEndpointRow,
  RouteRow,
  SecretRow,
} from '../contract/proxy.ts';
import { clusterParts } from '../envoy/cluster-parts.ts';
import {
  field,
  has,
  inner,
  type JsonRecord,
  list,
  number,
  text,
  texts,
} from '../envoy/json-reader.ts';
import { managedBy } from '../envoy/managed-by.ts';
import { destinationText, hostNames, routeView } from '../envoy/route-view.ts';

const section = (dump: JsonRecord, name: string): JsonRecord =>
  list(dump, 'configs').find((one) => text(one, '@type').endsWith(`.${name}`)) ?? {};

const inForce = (
  from: JsonRecord,
  entries: readonly (readonly [list: string, path: readonly string[]])[],
): readonly JsonRecord[] =>
  entries.flatMap(([name, path]) =>
    list(from, name)
      .map((entry) => inner(entry, ...path))
      .filter((one) => Object.keys(one).length > 0),
  );

const chainMatch = (match: JsonRecord): string => {
  const ranges = list(match, 'prefix_ranges').map(
    (range) => `${text(range, 'address_prefix')}/${number(range, 'prefix_len')}`,
  );
  const port = number(match, 'destination_port');
  const parts: readonly (readonly [string, string])[] = [
    ['SNI', texts(match, 'server_names').join(', ')],
    ['transport', text(match, 'transport_protocol')],
    ['ALPN', texts(match, 'application_protocols').join(', ')],
    ['address', ranges.join(', ')],
    ['port', port === 0 ? '' : String(port)],
  ];
  const written = parts.filter(([, value]) => value !== '');
  return written.length === 0 ? 'ALL' : written.map((part) => part.join(': ')).join('; ');
};

const httpDestination = (config: JsonRecord): string => {
  const name = text(inner(config, 'rds'), 'route_config_name');
  if (name !== '') return `Route: ${name}`;
  const routes = list(inner(config, 'route_config'), 'virtual_hosts').flatMap((host) =>
    list(host, 'routes').map((route) => destinationText(routeView(route))),
  );
  return `Inline Route: ${[...new Set(routes)].join('; ')}`;
};

const tcpDestination = (config: JsonRecord): string => {
  const weighted = list(inner(config, 'weighted_clusters'), 'clusters');
  const names = weighted.map((one) => text(one, 'name'));
  return `Cluster: ${names.length === 0 ? text(config, 'cluster') : names.join(', ')}`;
};

const chainDestination = (chain: JsonRecord): string => {
  for (const filter of list(chain, 'filters')) {
    const config = inner(filter, 'typed_config');
    const type = text(config, '@type');
    if (type.endsWith('.HttpConnectionManager')) return httpDestination(config);
    if (type.endsWith('.TcpProxy')) return tcpDestination(config);
  }
  return 'Non-HTTP/Non-TCP';
};

const listenerRows = (listener: JsonRecord): readonly ListenerRow[] => {
  const socket = inner(listener, 'address', 'socket_address');
  const chains = [
    ...list(listener, 'filter_chains'),
    ...(has(listener, 'default_filter_chain') ? [inner(listener, 'default_filter_chain')] : []),
  ];
  return chains.map((chain) => ({
    name: text(listener, 'name'),
    address: text(socket, 'address'),
    port: number(socket, 'port_value'),
    match: chainMatch(inner(chain, 'filter_chain_match')),
    destination: chainDestination(chain),
  }));
};

const routeRows = (config: JsonRecord): readonly RouteRow[] =>
  list(config, 'virtual_hosts').flatMap((host) =>
    list(host, 'routes').map((route) => {
      const view = routeView(route);
      return {
        name: text(config, 'name'),
        virtualHost: text(host, 'name'),
        domains: hostNames(host),
        match: view.match,
        virtualService: view.virtualService,
        destination: destinationText(view),
      };
    }),
  );

const clusterRow = (cluster: JsonRecord): ClusterRow => {
  const name = text(cluster, 'name');
  const { direction, port, subset, host } = clusterParts(name);
  return {
    ...{ name, port, subset, direction },
    fqdn: host,
    type: text(inner(cluster, 'cluster_type'), 'name') || text(cluster, 'type') || 'STATIC',
    destinationRule: managedBy(cluster),
  };
};

const endpointStates = ['HEALTHY', 'UNHEALTHY', 'DRAINING', 'DEGRADED'] as const;

const endpointRows = (clusters: JsonRecord): readonly ProxyEndpointRow[] =>
  list(clusters, 'cluster_statuses').flatMap((status) =>
    list(status, 'host_statuses').map((host) => {
      const socket = inner(host, 'address', 'socket_address');
      const health = inner(host, 'health_status');
      const written = text(health, 'eds_health_status');
      const address = text(socket, 'address');
      return {
        address:
          address === ''
            ? `unix://${text(inner(host, 'address', 'pipe'), 'path')}`
            : `${address}:${number(socket, 'port_value')}`,
        status: endpointStates.find((state) => state === written) ?? 'UNKNOWN',
        outlierCheck: field(health, 'failed_outlier_check') === true ? 'FAILED' : 'OK',
        cluster: text(status, 'name'),
      };
    }),
  );

const certificateIn = (source: JsonRecord): X509Certificate | undefined => {
  const bytes = text(source, 'inline_bytes');
  const pem = bytes === '' ? text(source, 'inline_string') : Buffer.from(bytes, 'base64');
  try {
    return pem.length === 0 ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
};

/** Certificates only: keys never leave the proxy (its dump redacts them), and are not looked for. */
const secretRow = (entry: JsonRecord, status: string): SecretRow => {
  const secret = inner(entry, 'secret');
  const isChain = has(secret, 'tls_certificate');
  const certificate = certificateIn(
    isChain
      ? inner(secret, 'tls_certificate', 'certificate_chain')
      : inner(secret, 'validation_context', 'trusted_ca'),
  );
  return {
    name: text(entry, 'name'),
    type: isChain ? 'Cert Chain' : 'CA',
    status,
    serialNumber: certificate?.serialNumber.toLowerCase() ?? '',
    notBeforeMs: certificate?.validFromDate.getTime() ?? 0,
    notAfterMs: certificate?.validToDate.getTime() ?? 0,
  };
};

const secretRows = (secrets: JsonRecord): readonly SecretRow[] => [
  ...list(secrets, 'dynamic_active_secrets').map((one) => secretRow(one, 'ACTIVE')),
  ...list(secrets, 'dynamic_warming_secrets').map((one) => secretRow(one, 'WARMING')),
  ...list(secrets, 'static_secrets').map((one) => secretRow(one, 'ACTIVE')),
];

/** Rows of `/config_dump` and `/clusters?format=json`; Envoy's and ours read alike. */
export const configRows = (
  id: string,
  dump: JsonRecord,
  clusters: JsonRecord,
): ProxyConfigDump => ({
  id,
  listeners: inForce(section(dump, 'ListenersConfigDump'), [
    ['dynamic_listeners', ['active_state', 'listener']],
    ['static_listeners', ['listener']],
  ]).flatMap(listenerRows),
  routes: inForce(section(dump, 'RoutesConfigDump'), [
    ['dynamic_route_configs', ['route_config']],
    ['static_route_configs', ['route_config']],
  ]).flatMap(routeRows),
  clusters: inForce(section(dump, 'ClustersConfigDump'), [
    ['dynamic_active_clusters', ['cluster']],
    ['static_clusters', ['cluster']],
  ]).map(clusterRow),
  endpoints: endpointRows(clusters),
  secrets: secretRows(section(dump, 'SecretsConfigDump')),
});
