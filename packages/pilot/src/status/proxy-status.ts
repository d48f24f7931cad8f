import type { SyncStatus } from './syncz.ts';

/**
 * How far a proxy is with one type: `STALE` was sent and is not acknowledged yet, `ERROR` was refused,
 * `NOT SENT` was never asked for or never sent.
 */
export type SyncWord = 'SYNCED' | 'STALE' | 'NOT SENT' | 'ERROR';

/** One row of `istioctl proxy-status`. */
export interface ProxyStatusRow {
  /** `pod.namespace`. */
  readonly name: string;
  readonly cluster: string;
  readonly cds: SyncWord;
  readonly lds: SyncWord;
  readonly eds: SyncWord;
  readonly rds: SyncWord;
  readonly ecds: SyncWord;
  readonly istiod: string;
  readonly version: string;
}

/** Rows from what `/debug/syncz` serves, in its order. Fields that are missing count as not sent. */
export const proxyStatusRows = (
  statuses: readonly Partial<SyncStatus>[],
): readonly ProxyStatusRow[] =>
  statuses.map((status) => ({
    name: status.proxy ?? '',
    cluster: status.cluster_id ?? '',
    cds: wordOf(status, 'cluster'),
    lds: wordOf(status, 'listener'),
    eds: wordOf(status, 'endpoint'),
    rds: wordOf(status, 'route'),
    ecds: wordOf(status, 'extensionconfig'),
    istiod: status.istiod ?? '',
    version: status.istio_version ?? '',
  }));

type Prefix = 'cluster' | 'listener' | 'endpoint' | 'route' | 'extensionconfig';

const wordOf = (status: Partial<SyncStatus>, prefix: Prefix): SyncWord => {
  const sent = status[`${prefix}_sent`] ?? '';
  if (sent === '') return 'NOT SENT';
  if (status.errors?.[prefix] !== undefined) return 'ERROR';
  return sent === status[`${prefix}_acked`] ? 'SYNCED' : 'STALE';
};

const header: readonly string[] = [
  'NAME',
  'CLUSTER',
  'CDS',
  'LDS',
  'EDS',
  'RDS',
  'ECDS',
  'ISTIOD',
  'VERSION',
];

/** Blanks between columns, as istioctl's tabwriter leaves. */
const gap = 5;

/** The table `istioctl proxy-status` printed up to 1.19: one line a proxy, columns aligned. */
export const formatProxyStatus = (rows: readonly ProxyStatusRow[]): string => {
  const table = [
    header,
    ...rows.map((row) => [
      row.name,
      row.cluster,
      row.cds,
      row.lds,
      row.eds,
      row.rds,
      row.ecds,
      row.istiod,
      row.version,
    ]),
  ];
  const widths = header.map((_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
  return table
    .map((cells) =>
      cells
        .map((cell, column) =>
          column === cells.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + gap),
        )
        .join('')
        .concat('\n'),
    )
    .join('');
};
