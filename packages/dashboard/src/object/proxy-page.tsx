import type {
  ClusterRow,
  ListenerRow,
  ProxyConfigDump,
  ProxyEndpointRow,
  ProxyList,
  RouteRow,
  SecretRow,
} from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { linkTo, route, setQuery } from '../app/route.ts';
import { useResource } from '../data/resource.ts';
import { formatDate } from '../format/moment.ts';
import { t } from '../i18n/translate.ts';
import { LogView } from '../signal/log-view.tsx';
import { Tabs } from '../view/controls.tsx';
import { Loaded } from '../view/feedback.tsx';
import { FilterField, hasText } from '../view/filter-field.tsx';
import { type Column, Table } from '../view/table.tsx';
import { SyncTag } from './proxy-list.tsx';

type Tab = 'routes' | 'clusters' | 'listeners' | 'endpoints' | 'secrets' | 'logs';
const tabs: readonly Tab[] = ['routes', 'clusters', 'listeners', 'endpoints', 'secrets', 'logs'];

/** What one proxy really runs. */
export const ProxyPage = ({ namespace, pod }: { namespace: string; pod: string }): VNode => {
  const path = `proxies/${encodeURIComponent(namespace)}/${encodeURIComponent(pod)}/config`;
  const resource = useResource<ProxyConfigDump>(path, ['proxies']);
  const [filter, setFilter] = useState('');
  const tab = tabs.find((each) => each === route.value.query['tab']) ?? 'routes';
  return (
    <>
      <SyncLine namespace={namespace} pod={pod} />
      <Tabs
        label={pod}
        value={tab}
        choices={tabs.map((value) => ({
          value,
          label: `${t(`proxy.${value}`)}${count(resource.value, value)}`,
        }))}
        onChange={(value) => setQuery({ tab: value })}
      >
        {tab === 'logs' ? (
          <LogView namespaces={[namespace]} pod={pod} />
        ) : (
          <>
            <div class="toolbar">
              <FilterField value={filter} onInput={setFilter} />
            </div>
            <Loaded resource={resource}>
              {(dump) => <Part dump={dump} tab={tab} filter={filter} />}
            </Loaded>
          </>
        )}
      </Tabs>
    </>
  );
};

const count = (dump: ProxyConfigDump | undefined, tab: Tab): string =>
  dump === undefined || tab === 'logs' ? '' : ` ${dump[tab].length}`;

const SyncLine = ({ namespace, pod }: { namespace: string; pod: string }): VNode => {
  const resource = useResource<ProxyList>('proxies', ['proxies']);
  const row = resource.value?.proxies.find(
    (each) => each.namespace === namespace && each.pod === pod,
  );
  return (
    <div class="toolbar sync-line">
      {row === undefined
        ? null
        : (['cds', 'lds', 'eds', 'rds', 'sds'] as const).map((type) => (
            <span key={type}>
              {type.toUpperCase()} <SyncTag sync={row[type]} />
            </span>
          ))}
      <a class="button button-plain" href={linkTo('logs', [], { pod, in: namespace })}>
        {t('nav.logs')}
      </a>
    </div>
  );
};

/** Rows of which some text has what was typed, at most so many: a big mesh has thousands of clusters. */
const maxRows = 400;

const Part = ({
  dump,
  tab,
  filter,
}: {
  dump: ProxyConfigDump;
  tab: Tab;
  filter: string;
}): VNode => {
  switch (tab) {
    case 'listeners':
      return <Rows rows={dump.listeners} columns={listenerColumns()} filter={filter} tab={tab} />;
    case 'clusters':
      return <Rows rows={dump.clusters} columns={clusterColumns()} filter={filter} tab={tab} />;
    case 'endpoints':
      return <Rows rows={dump.endpoints} columns={endpointColumns()} filter={filter} tab={tab} />;
    case 'secrets':
      return <Rows rows={dump.secrets} columns={secretColumns()} filter={filter} tab={tab} />;
    default:
      return <Rows rows={dump.routes} columns={routeColumns()} filter={filter} tab={tab} />;
  }
};

const Rows = <T,>({
  rows,
  columns,
  filter,
  tab,
}: {
  rows: readonly T[];
  columns: readonly Column<T>[];
  filter: string;
  tab: Tab;
}): VNode => {
  const matching = rows.filter((row) => hasText(filter, JSON.stringify(row)));
  return (
    <>
      <Table
        label={t(`proxy.${tab}`)}
        rows={matching.slice(0, maxRows)}
        columns={columns}
        keyOf={(row) => JSON.stringify(row)}
      />
      {matching.length > maxRows ? (
        <p class="text-quiet">{t('list.more', { count: matching.length - maxRows })}</p>
      ) : null}
    </>
  );
};

const text = <T,>(
  key: string,
  title: string,
  of: (row: T) => string,
  isCode = false,
): Column<T> => ({
  key,
  title,
  cell: (row) => (isCode ? <code>{of(row)}</code> : of(row)),
  order: of,
});

const RuleLink = ({ kind, rule }: { kind: string; rule: string }): VNode | null => {
  const [name = '', namespace = ''] = rule.split('.');
  return rule === '' ? null : (
    <a class="tag tag-accent" href={linkTo('config', [kind, namespace, name])}>
      {rule}
    </a>
  );
};

const listenerColumns = (): readonly Column<ListenerRow>[] => [
  text('address', t('object.address'), ({ address, port }) => `${address}:${port}`, true),
  text('match', t('proxy.match'), ({ match }) => match),
  text('destination', t('proxy.destination'), ({ destination }) => destination, true),
  text('name', t('table.name'), ({ name }) => name),
];

const routeColumns = (): readonly Column<RouteRow>[] => [
  text('name', t('table.name'), ({ name }) => name),
  {
    key: 'domains',
    title: t('proxy.domains'),
    cell: ({ virtualHost, domains }) => (
      <span class="cell-name">
        <strong>{virtualHost}</strong>
        <small>
          {domains.slice(0, 3).join(', ')}
          {domains.length > 3 ? ` +${domains.length - 3}` : ''}
        </small>
      </span>
    ),
    order: ({ virtualHost }) => virtualHost,
  },
  text('match', t('proxy.match'), ({ match }) => match, true),
  text('destination', t('proxy.destination'), ({ destination }) => destination),
  {
    key: 'rule',
    title: 'VirtualService',
    cell: ({ virtualService }) => <RuleLink kind="VirtualService" rule={virtualService} />,
    order: ({ virtualService }) => virtualService,
  },
];

const clusterColumns = (): readonly Column<ClusterRow>[] => [
  text('fqdn', t('panel.hosts'), ({ fqdn }) => fqdn),
  {
    key: 'port',
    title: t('object.ports'),
    isNumber: true,
    cell: ({ port }) => (port === 0 ? '' : port),
    order: ({ port }) => port,
  },
  text('subset', t('proxy.subset'), ({ subset }) => subset),
  text('direction', t('proxy.direction'), ({ direction }) => direction),
  text('type', t('object.type'), ({ type }) => type),
  {
    key: 'rule',
    title: 'DestinationRule',
    cell: ({ destinationRule }) => <RuleLink kind="DestinationRule" rule={destinationRule} />,
    order: ({ destinationRule }) => destinationRule,
  },
];

const endpointColumns = (): readonly Column<ProxyEndpointRow>[] => [
  text('address', t('object.address'), ({ address }) => address, true),
  {
    key: 'status',
    title: t('table.health'),
    cell: ({ status }) => (
      <span class={`tag ${status === 'HEALTHY' ? 'tag-ok' : 'tag-warn'}`}>{status}</span>
    ),
    order: ({ status }) => status,
  },
  text('outlier', t('proxy.outlier'), ({ outlierCheck }) => outlierCheck),
  text('cluster', t('proxy.clusters'), ({ cluster }) => cluster, true),
];

const secretColumns = (): readonly Column<SecretRow>[] => [
  text('name', t('table.name'), ({ name }) => name),
  text('type', t('object.type'), ({ type }) => type),
  text('status', t('proxy.status'), ({ status }) => status),
  text('serial', t('proxy.serial'), ({ serialNumber }) => serialNumber, true),
  text('from', t('proxy.validFrom'), ({ notBeforeMs }) => formatDate(notBeforeMs)),
  text('to', t('proxy.validTo'), ({ notAfterMs }) => formatDate(notAfterMs)),
];
