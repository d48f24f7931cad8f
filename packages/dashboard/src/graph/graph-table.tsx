import type { VNode } from 'preact';
import { setQuery } from '../app/route.ts';
import { formatBytes, formatMs, formatRate, formatShare } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { Skeleton } from '../view/feedback.tsx';
import { Icon } from '../view/icon.tsx';
import { type Column, Table } from '../view/table.tsx';
import type { PictureEdge } from './graph-picture.ts';
import type { PlacedGraph } from './graph-scene.ts';

const shareClass = (share: number | null): string =>
  share !== null && share > 0 ? 'text-bad' : '';

const columns = (nameOf: (id: string) => string): readonly Column<PictureEdge>[] => [
  {
    key: 'source',
    title: t('table.from'),
    cell: ({ id, source }) => (
      <button type="button" class="cell-link" onClick={() => setQuery({ at: id })}>
        {nameOf(source)}
      </button>
    ),
    order: ({ source }) => nameOf(source),
  },
  {
    key: 'target',
    title: t('table.to'),
    cell: ({ target }) => nameOf(target),
    order: ({ target }) => nameOf(target),
  },
  {
    key: 'protocol',
    title: t('table.protocol'),
    isWhole: true,
    cell: ({ edge, isLocked }) => (
      <span class="tags">
        <span class={`tag${edge.protocol === 'tcp' ? ' tag-tcp' : ''}`}>
          {isLocked ? <Icon name="lock" size={12} /> : null}
          {edge.protocol}
        </span>
        {isLocked ? <span class="unseen">{t('legend.mtls')}</span> : null}
      </span>
    ),
    order: ({ edge }) => edge.protocol,
  },
  {
    key: 'rate',
    title: t('table.rate'),
    isNumber: true,
    cell: ({ edge }) =>
      edge.protocol === 'tcp'
        ? `${formatBytes(edge.bytesPerSecondOut + edge.bytesPerSecondIn)}/s`
        : formatRate(edge.requestsPerSecond),
    order: ({ edge }) => edge.requestsPerSecond,
  },
  {
    key: 'share',
    title: t('table.share'),
    isNumber: true,
    cell: ({ edge }) => formatShare(edge.share),
    order: ({ edge }) => edge.share,
  },
  {
    key: 'errors',
    title: t('table.errors'),
    isNumber: true,
    cell: ({ edge }) => (
      <span class={shareClass(edge.errorShare)}>{formatShare(edge.errorShare)}</span>
    ),
    order: ({ edge }) => edge.errorShare ?? -1,
  },
  {
    key: 'p50',
    title: 'p50',
    isNumber: true,
    cell: ({ edge }) => formatMs(edge.p50Ms),
    order: ({ edge }) => edge.p50Ms ?? -1,
  },
  {
    key: 'p95',
    title: 'p95',
    isNumber: true,
    cell: ({ edge }) => formatMs(edge.p95Ms),
    order: ({ edge }) => edge.p95Ms ?? -1,
  },
];

/** The graph as a table of its edges: all of it without a picture. */
export const GraphTable = ({ placed }: { placed: PlacedGraph | undefined }): VNode => {
  if (placed === undefined) return <Skeleton />;
  const nameOf = (id: string): string => {
    const node = placed.scene.nodeById.get(id)?.picture;
    return node === undefined ? id : [node.title, node.node.version].filter(Boolean).join(' ');
  };
  return (
    <div class="graph-table">
      <Table
        label={t('graph.table')}
        rows={placed.picture.edges}
        columns={columns(nameOf)}
        keyOf={(edge) => edge.id}
        onOpen={(edge) => setQuery({ at: edge.id })}
        startOrder={{ key: 'rate', isDescending: true }}
      />
    </div>
  );
};
