import type { ProxyList, ProxyRow, ResourceSync } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { chosenNamespaces } from '../app/preferences.ts';
import { goTo, linkTo } from '../app/route.ts';
import { useResource } from '../data/resource.ts';
import { formatAge } from '../format/moment.ts';
import { formatNumber } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { Banner, Empty, Loaded } from '../view/feedback.tsx';
import { FilterField, hasText } from '../view/filter-field.tsx';
import { type Column, Table } from '../view/table.tsx';

const looks = {
  SYNCED: 'tag-ok',
  STALE: 'tag-warn',
  'NOT SENT': '',
  IGNORED: '',
  ERROR: 'tag-bad',
} as const;

/** How a resource type stands at a proxy; the reason of a refusal on hovering. */
export const SyncTag = ({ sync }: { sync: ResourceSync }): VNode => (
  <span class={`tag ${looks[sync.state]}`} title={sync.error}>
    {sync.state}
  </span>
);

const resources = ['cds', 'lds', 'eds', 'rds', 'sds'] as const;

const columns = (): readonly Column<ProxyRow>[] => [
  {
    key: 'pod',
    title: t('object.proxy'),
    cell: ({ namespace, pod, type }) => (
      <span class="cell-name">
        <a href={linkTo('proxies', [namespace, pod])}>{pod}</a>
        <small>
          {t(type === 'router' ? 'node.gateway' : 'object.sidecar')} · {namespace}
        </small>
      </span>
    ),
    order: ({ pod }) => pod,
  },
  ...resources.map(
    (resource): Column<ProxyRow> => ({
      key: resource,
      title: resource.toUpperCase(),
      isWhole: true,
      cell: (row) => <SyncTag sync={row[resource]} />,
      order: (row) => row[resource].state,
    }),
  ),
  { key: 'version', title: t('object.version'), cell: ({ version }) => version },
  {
    key: 'scrape',
    title: t('proxy.scrape'),
    isWhole: true,
    cell: ({ scrape }) =>
      scrape.ok ? (
        <span class="text-quiet">
          {t('proxy.scraped', {
            samples: formatNumber(scrape.samples),
            age: formatAge(scrape.lastMs, Date.now()),
          })}
        </span>
      ) : (
        <span class="tag tag-warn tag-clip" title={scrape.error}>
          {scrape.error === '' ? t('proxy.notYet') : scrape.error}
        </span>
      ),
    order: ({ scrape }) => Number(scrape.ok),
  },
];

/** All proxies with what they have of the configuration. */
export const ProxyListPage = (): VNode => {
  const resource = useResource<ProxyList>('proxies', ['proxies', 'metrics']);
  const wanted = chosenNamespaces.value;
  const [filter, setFilter] = useState('');
  return (
    <>
      <div class="toolbar">
        <FilterField value={filter} onInput={setFilter} />
      </div>
      <Loaded resource={resource}>
        {({ proxies, istiodError }) => {
          const rows = proxies.filter(
            ({ namespace, pod }) =>
              (wanted.length === 0 || wanted.includes(namespace)) &&
              hasText(filter, pod, namespace),
          );
          return (
            <>
              {istiodError === '' ? null : <Banner kind="warn">{istiodError}</Banner>}
              <Refusals rows={rows} />
              {rows.length === 0 ? (
                <Empty title={t('list.empty')} />
              ) : (
                <Table
                  label={t('nav.proxies')}
                  rows={rows}
                  columns={columns()}
                  keyOf={({ id }) => id}
                  onOpen={({ namespace, pod }) => goTo(linkTo('proxies', [namespace, pod]))}
                />
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
};

const Refusals = ({ rows }: { rows: readonly ProxyRow[] }): VNode | null => {
  const refused = rows.flatMap((row) =>
    resources.flatMap((resource) =>
      row[resource].error === ''
        ? []
        : [`${row.pod}: ${resource.toUpperCase()}: ${row[resource].error}`],
    ),
  );
  return refused.length === 0 ? null : <Banner kind="bad">{refused.slice(0, 5).join('\n')}</Banner>;
};
