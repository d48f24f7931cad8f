import { type JsonRecord, message, text } from '@lateen/xds/json-record';
import { managedBy } from './config-dump.ts';
import { formatTable } from './text-table.ts';

/** `--fqdn`, `--port`, `--subset`, `--direction`. */
export interface ClusterFilter {
  readonly fqdn?: string;
  readonly port?: number;
  readonly subset?: string;
  readonly direction?: string;
}

interface ParsedName {
  readonly direction: string;
  readonly port: number;
  readonly subset: string;
  readonly host: string;
}

/** `outbound|9080|v1|reviews…` in its parts; other names are hosts. */
const parseName = (name: string): ParsedName => {
  const [direction = '', port = '', subset = '', host, ...rest] = name.split('|');
  return host === undefined
    ? { direction: '', port: 0, subset: '', host: name }
    : { direction, port: Number(port), subset, host: [host, ...rest].join('|') };
};

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** istioctl's order of clusters and of load assignments. */
export const compareClusterNames = (a: string, b: string): number => {
  const first = parseName(a);
  const second = parseName(b);
  return (
    compareText(first.host, second.host) ||
    compareText(first.subset, second.subset) ||
    first.port - second.port ||
    compareText(first.direction, second.direction)
  );
};

const passes = (name: string, { fqdn, port, subset, direction }: ClusterFilter): boolean =>
  (fqdn === undefined || name.includes(fqdn)) &&
  (direction === undefined || name.includes(direction)) &&
  (subset === undefined || name.includes(subset)) &&
  (port === undefined || name.includes(`|${port}|`));

/** Clusters that pass, in order. */
export const selectClusters = (
  clusters: readonly JsonRecord[],
  filter: ClusterFilter,
): readonly JsonRecord[] =>
  clusters
    .filter((cluster) => passes(text(cluster, 'name'), filter))
    .toSorted((a, b) => compareClusterNames(text(a, 'name'), text(b, 'name')));

const header = ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'];

const discoveryType = (cluster: JsonRecord): string => {
  const custom = text(message(cluster, 'cluster_type'), 'name');
  // The enum's zero is not written.
  return custom === '' ? text(cluster, 'type') || 'STATIC' : custom;
};

const row = (cluster: JsonRecord): readonly string[] => {
  const name = text(cluster, 'name');
  const { direction, port, subset, host } = parseName(name);
  const place =
    direction === '' ? ['-', '-', '-'] : [String(port), subset === '' ? '-' : subset, direction];
  return [host, ...place, discoveryType(cluster), managedBy(cluster)];
};

/** istioctl's `proxy-config cluster`. */
export const clusterSummary = (clusters: readonly JsonRecord[]): string =>
  formatTable([header, ...clusters.map(row)]);
