import { field, type JsonRecord, message, messages, number, text } from '@lateen/xds/json-record';
import { formatTable } from './text-table.ts';

/** `--address`, `--port`, `--cluster`, `--status`. */
export interface EndpointFilter {
  readonly address?: string;
  readonly port?: number;
  readonly cluster?: string;
  readonly status?: string;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly status: string;
  readonly outlier: string;
  readonly cluster: string;
}

const addressOf = (host: JsonRecord): string => {
  const socket = text(message(host, 'address', 'socket_address'), 'address');
  return socket === '' ? `unix://${text(message(host, 'address', 'pipe'), 'path')}` : socket;
};

const endpointOf = (host: JsonRecord, cluster: string): Endpoint => {
  const health = message(host, 'health_status');
  return {
    address: addressOf(host),
    port: number(message(host, 'address', 'socket_address'), 'port_value'),
    status: text(health, 'eds_health_status') || 'UNKNOWN',
    outlier: field(health, 'failed_outlier_check') === true ? 'FAILED' : 'OK',
    cluster,
  };
};

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const passes = (one: Endpoint, { address, port, cluster, status }: EndpointFilter): boolean =>
  (address === undefined || same(one.address, address)) &&
  (port === undefined || one.port === port) &&
  (cluster === undefined || same(one.cluster, cluster)) &&
  (status === undefined || same(one.status, status));

const endpointsOf = (status: JsonRecord): readonly Endpoint[] =>
  messages(status, 'host_statuses').map((host) => endpointOf(host, text(status, 'name')));

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Clusters of `/clusters?format=json` with an endpoint that passes. */
export const selectClusterStatuses = (
  clusters: JsonRecord,
  filter: EndpointFilter,
): readonly JsonRecord[] =>
  messages(clusters, 'cluster_statuses').filter((status) =>
    endpointsOf(status).some((one) => passes(one, filter)),
  );

/** istioctl's `proxy-config endpoint`, from `/clusters?format=json`. */
export const endpointSummary = (clusters: JsonRecord, filter: EndpointFilter): string => {
  const endpoints = messages(clusters, 'cluster_statuses')
    .flatMap(endpointsOf)
    .filter((one) => passes(one, filter))
    .toSorted(
      (a, b) =>
        compareText(a.address, b.address) || a.port - b.port || compareText(a.cluster, b.cluster),
    );
  return formatTable([
    ['ENDPOINT', 'STATUS', 'OUTLIER CHECK', 'CLUSTER'],
    ...endpoints.map(({ address, port, status, outlier, cluster }) => [
      port === 0 ? address : `${address}:${port}`,
      status,
      outlier,
      cluster,
    ]),
  ]);
};
