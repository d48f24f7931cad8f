import type { TrafficNow } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { formatMs, formatRate, formatShare, nothing } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import type { Column } from './table.tsx';

/** A share of errors; red when there are any. */
export const ErrorShare = ({ share }: { share: number | null }): VNode => (
  <span class={share !== null && share > 0 ? 'text-bad' : ''}>{formatShare(share)}</span>
);

/** A rate; quiet when nothing comes. */
export const Rate = ({ perSecond }: { perSecond: number }): VNode =>
  perSecond > 0 ? <span>{formatRate(perSecond)}</span> : <span class="text-quiet">{nothing}</span>;

/** Columns of rate, errors, p50 and p95 for rows that have numbers of the last minute. */
export const trafficColumns = <T,>(of: (row: T) => TrafficNow): readonly Column<T>[] => [
  {
    key: 'rate',
    title: t('table.rate'),
    isNumber: true,
    cell: (row) => <Rate perSecond={of(row).requestsPerSecond} />,
    order: (row) => of(row).requestsPerSecond,
  },
  {
    key: 'errors',
    title: t('table.errors'),
    isNumber: true,
    cell: (row) => <ErrorShare share={of(row).errorShare} />,
    order: (row) => of(row).errorShare ?? -1,
  },
  {
    key: 'p50',
    title: 'p50',
    isNumber: true,
    cell: (row) => formatMs(of(row).p50Ms),
    order: (row) => of(row).p50Ms ?? -1,
  },
  {
    key: 'p95',
    title: 'p95',
    isNumber: true,
    cell: (row) => formatMs(of(row).p95Ms),
    order: (row) => of(row).p95Ms ?? -1,
  },
];
