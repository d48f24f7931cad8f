import type { Pod } from '@lateen/api';
import { resourcePath, resources } from '@lateen/kube';
import type { ProxyRow, ResourceSync, ScrapeState, SyncState } from '../contract/proxy.ts';
import type { RawKubeClient } from '../kubernetes/raw-client.ts';
import { reasonOf } from '../telemetry-error.ts';

/** istiod's page of states, and its port. */
const statusPort = 15_014;
const statusPath = '/debug/syncz';
const istiodNamespace = 'istio-system';

/** A row of `/debug/syncz` (istiod's names); the fields of older and other control planes may be missing. */
interface SyncRow {
  readonly proxy: string;
  readonly proxy_type: string;
  readonly cluster_id: string;
  readonly istio_version: string;
  readonly istiod: string;
  readonly sent: Readonly<Record<string, string>>;
  readonly acked: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, string>>;
}

/** What istiods say. */
export interface SyncTable {
  readonly rows: readonly Omit<ProxyRow, 'scrape'>[];
  /** '' when all answered. */
  readonly error: string;
  readonly istiodVersion: string;
}

const prefixes = ['cluster', 'listener', 'route', 'endpoint', 'secret'] as const;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const readRow = (value: unknown, istiod: string): SyncRow | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const row = value as Readonly<Record<string, unknown>>;
  const proxy = textOf(row['proxy']);
  if (proxy === '') return undefined;
  const errors = row['errors'];
  const pick = (suffix: string): Record<string, string> =>
    Object.fromEntries(prefixes.map((prefix) => [prefix, textOf(row[`${prefix}_${suffix}`])]));
  return {
    proxy,
    proxy_type: textOf(row['proxy_type']),
    cluster_id: textOf(row['cluster_id']),
    istio_version: textOf(row['istio_version']),
    istiod: textOf(row['istiod']) || istiod,
    sent: pick('sent'),
    acked: pick('acked'),
    errors: typeof errors === 'object' && errors !== null ? (errors as Record<string, string>) : {},
  };
};

/** istioctl's reading of nonces: nothing sent, acknowledged, or still under way. */
const syncOf = (row: SyncRow, prefix: (typeof prefixes)[number]): ResourceSync => {
  const error = row.errors[prefix] ?? '';
  if (error !== '') return { state: 'ERROR', error };
  // Sidecars get their secrets from their agent: istiod has nothing to say of them.
  if (prefix === 'secret' && row.sent[prefix] === '') return { state: 'IGNORED', error: '' };
  const sent = row.sent[prefix] ?? '';
  const state: SyncState =
    sent === '' ? 'NOT SENT' : sent === row.acked[prefix] ? 'SYNCED' : 'STALE';
  return { state, error: '' };
};

const proxyRow = (row: SyncRow): Omit<ProxyRow, 'scrape'> => {
  const dot = row.proxy.indexOf('.');
  return {
    id: row.proxy,
    pod: dot < 0 ? row.proxy : row.proxy.slice(0, dot),
    namespace: dot < 0 ? '' : row.proxy.slice(dot + 1),
    cluster: row.cluster_id || 'Kubernetes',
    istiod: row.istiod,
    version: row.istio_version,
    type: row.proxy_type === 'router' ? 'router' : 'sidecar',
    cds: syncOf(row, 'cluster'),
    lds: syncOf(row, 'listener'),
    eds: syncOf(row, 'endpoint'),
    rds: syncOf(row, 'route'),
    sds: syncOf(row, 'secret'),
  };
};

const isIstiod = ({ metadata, status }: Pod): boolean =>
  metadata.namespace === istiodNamespace &&
  metadata.labels?.['app'] === 'istiod' &&
  status?.phase === 'Running';

/** Asks every istiod through the API server's pod proxy: it works on any cluster. Never rejects. */
export const readSyncTable = async (
  raw: RawKubeClient,
  pods: readonly Pod[],
): Promise<SyncTable> => {
  const istiods = pods.filter(isIstiod);
  if (istiods.length === 0) {
    return { rows: [], error: `no istiod is running in ${istiodNamespace}`, istiodVersion: '' };
  }
  const rows: SyncRow[] = [];
  let error = '';
  for (const { metadata } of istiods) {
    const pod = resourcePath(resources.pods, { namespace: istiodNamespace, name: metadata.name });
    try {
      const text = await raw.get(`${pod}:${statusPort}/proxy${statusPath}`);
      const parsed = JSON.parse(text) as unknown;
      const list: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
      rows.push(
        ...list.map((row) => readRow(row, metadata.name)).filter((row) => row !== undefined),
      );
    } catch (cause) {
      error = `istiod ${metadata.name} does not answer: ${reasonOf(cause)}`;
    }
  }
  return {
    rows: rows
      .map(proxyRow)
      .sort((left, right) =>
        `${left.namespace}/${left.pod}` < `${right.namespace}/${right.pod}` ? -1 : 1,
      ),
    error,
    istiodVersion: rows[0]?.istio_version ?? '',
  };
};

/** A row with what the store knows of the proxy. */
export const withScrape = (row: Omit<ProxyRow, 'scrape'>, scrape: ScrapeState): ProxyRow => ({
  ...row,
  scrape,
});

/** All types at one proxy are in sync (or not asked for). */
export const isSynced = ({ cds, lds, eds, rds }: Omit<ProxyRow, 'scrape'>): boolean =>
  [cds, lds, eds, rds].every(({ state }) => state === 'SYNCED' || state === 'NOT SENT');
