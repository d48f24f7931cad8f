import type { PeerTraffic } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { linkTo } from '../app/route.ts';
import { formatMs, formatShare, nothing } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { Card } from '../view/card.tsx';
import { ErrorShare, Rate } from '../view/number-cells.tsx';
import { type Column, Table } from '../view/table.tsx';

const columns = (): readonly Column<PeerTraffic>[] => [
  {
    key: 'name',
    title: t('table.name'),
    cell: ({ peer }) => (
      <span class="cell-name">
        {peer.namespace === '' || peer.version === 'unknown' ? (
          <strong>{peer.name}</strong>
        ) : (
          <a href={linkTo('workloads', [peer.namespace, peer.name])}>{peer.name}</a>
        )}
        <small>
          {peer.version === 'unknown'
            ? t('peer.nobody')
            : [peer.version, peer.namespace].filter((part) => part !== '').join(' · ')}
        </small>
      </span>
    ),
    order: ({ peer }) => peer.name,
  },
  {
    key: 'protocol',
    title: t('table.protocol'),
    cell: ({ protocol }) => <span class="tag">{protocol}</span>,
    order: ({ protocol }) => protocol,
  },
  {
    key: 'rate',
    title: t('table.rate'),
    isNumber: true,
    cell: ({ requestsPerSecond }) => <Rate perSecond={requestsPerSecond} />,
    order: ({ requestsPerSecond }) => requestsPerSecond,
  },
  {
    key: 'errors',
    title: t('table.errors'),
    isNumber: true,
    cell: ({ errorShare }) => <ErrorShare share={errorShare} />,
    order: ({ errorShare }) => errorShare ?? -1,
  },
  {
    key: 'p95',
    title: 'p95',
    isNumber: true,
    cell: ({ p95Ms }) => formatMs(p95Ms),
    order: ({ p95Ms }) => p95Ms ?? -1,
  },
  {
    key: 'mtls',
    title: 'mTLS',
    isNumber: true,
    cell: ({ mtlsShare }) => (mtlsShare === null ? nothing : formatShare(mtlsShare)),
    order: ({ mtlsShare }) => mtlsShare ?? -1,
  },
];

/** Neighbours with the traffic between. */
export const PeerTable = ({
  title,
  peers,
}: {
  title: string;
  peers: readonly PeerTraffic[];
}): VNode => (
  <Card title={title} isFlush>
    {peers.length === 0 ? (
      <p class="card-none">{t('state.none')}</p>
    ) : (
      <Table
        label={title}
        rows={peers}
        columns={columns()}
        keyOf={({ peer, protocol }) => `${peer.namespace}/${peer.name}/${peer.version}/${protocol}`}
        startOrder={{ key: 'rate', isDescending: true }}
      />
    )}
  </Card>
);
