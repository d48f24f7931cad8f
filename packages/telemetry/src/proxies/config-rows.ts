import { X509Certificate } from 'node:crypto';
import {
  field,
  has,
  type JsonRecord,
  message,
  messages,
  number,
  text,
  texts,
} from '@lateen/xds/json-record';
import type {
  ClusterRow,
  ListenerRow,
  ProxyConfigDump,
  ProxyEndpointRow,
  RouteRow,
  SecretRow,
} from '../contract/proxy.ts';
import { clusterParts } from '../envoy/cluster-parts.ts';
import { managedBy } from '../envoy/managed-by.ts';
import { destinationText, hostNames, routeView } from '../envoy/route-view.ts';

const section = (dump: JsonRecord, name: string): JsonRecord =>
  messages(dump, 'configs').find((one) => text(one, '@type').endsWith(`.${name}`)) ?? {};

const inForce = (
  from: JsonRecord,
  entries: readonly (readonly [list: string, path: readonly string[]])[],
): readonly JsonRecord[] =>
  entries.flatMap(([name, path]) =>
    messages(from, name)
      .map((entry) => message(entry, ...path))
      .filter((one) => Object.keys(one).length > 0),
  );

const chainMatch = (match: JsonRecord): string => {
  const ranges = messages(match, 'prefix_ranges').map(
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
  const name = text(message(config, 'rds'), 'route_config_name');
  if (name !== '') return `Route: ${name}`;
  const routes = messages(message(config, 'route_config'), 'virtual_hosts').flatMap((host) =>
    messages(host, 'routes').map((route) => destinationText(routeView(route))),
  );
  return `Inline Route: ${[...new Set(routes)].join('; ')}`;
};

const tcpDestination = (config: JsonRecord): string => {
  const weighted = messages(message(config, 'weighted_clusters'), 'clusters');
  const names = weighted.map((one) => text(one, 'name'));
  return `Cluster: ${names.length === 0 ? text(config, 'cluster') : names.join(', ')}`;
};

const chainDestination = (chain: JsonRecord): string => {
  for (const filter of messages(chain, 'filters')) {
    const config = message(filter, 'typed_config');
    const type = text(config, '@type');
    if (type.endsWith('.HttpConnectionManager')) return httpDestination(config);
    if (type.endsWith('.TcpProxy')) return tcpDestination(config);
  }
  return 'Non-HTTP/Non-TCP';
};

const listenerRows = (listener: JsonRecord): readonly ListenerRow[] => {
  const socket = message(listener, 'address', 'socket_address');
  const chains = [
    ...messages(listener, 'filter_chains'),
    ...(has(listener, 'default_filter_chain') ? [message(listener, 'default_filter_chain')] : []),
  ];
  return chains.map((chain) => ({
    name: text(listener, 'name'),
    address: text(socket, 'address'),
    port: number(socket, 'port_value'),
    match: chainMatch(message(chain, 'filter_chain_match')),
    destination: chainDestination(chain),
  }));
};

const routeRows = (config: JsonRecord): readonly RouteRow[] =>
  messages(config, 'virtual_hosts').flatMap((host) =>
    messages(host, 'routes').map((route) => {
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
    type: text(message(cluster, 'cluster_type'), 'name') || text(cluster, 'type') || 'STATIC',
    destinationRule: managedBy(cluster),
  };
};

const endpointStates = ['HEALTHY', 'UNHEALTHY', 'DRAINING', 'DEGRADED'] as const;

const endpointRows = (clusters: JsonRecord): readonly ProxyEndpointRow[] =>
  messages(clusters, 'cluster_statuses').flatMap((status) =>
    messages(status, 'host_statuses').map((host) => {
      const socket = message(host, 'address', 'socket_address');
      const health = message(host, 'health_status');
      const written = text(health, 'eds_health_status');
      const address = text(socket, 'address');
      return {
        address:
          address === ''
            ? `unix://${text(message(host, 'address', 'pipe'), 'path')}`
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
  const secret = message(entry, 'secret');
  const isChain = has(secret, 'tls_certificate');
  const certificate = certificateIn(
    isChain
      ? message(secret, 'tls_certificate', 'certificate_chain')
      : message(secret, 'validation_context', 'trusted_ca'),
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
  ...messages(secrets, 'dynamic_active_secrets').map((one) => secretRow(one, 'ACTIVE')),
  ...messages(secrets, 'dynamic_warming_secrets').map((one) => secretRow(one, 'WARMING')),
  ...messages(secrets, 'static_secrets').map((one) => secretRow(one, 'ACTIVE')),
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
