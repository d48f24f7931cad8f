import type { WorkloadList, WorkloadSummary } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { chosenNamespaces } from '../app/preferences.ts';
import { goTo, linkTo } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { t } from '../i18n/translate.ts';
import { TextField } from '../view/controls.tsx';
import { Empty, HealthMark, Loaded } from '../view/feedback.tsx';
import { Rate, trafficColumns } from '../view/number-cells.tsx';
import { type Column, Table } from '../view/table.tsx';
import { healthOrder } from './health-order.ts';

const linkToWorkload = ({ namespace, name }: WorkloadSummary): string =>
  linkTo('workloads', [namespace, name]);

const columns = (): readonly Column<WorkloadSummary>[] => [
  {
    key: 'name',
    title: t('table.name'),
    cell: (workload) => (
      <span class="cell-name">
        <a href={linkToWorkload(workload)}>{workload.name}</a>
        <small>
          {workload.kind} · {workload.namespace}
        </small>
      </span>
    ),
    order: ({ name, namespace }) => `${name} ${namespace}`,
  },
  {
    key: 'health',
    title: t('table.health'),
    cell: ({ health }) => <HealthMark health={health} />,
    order: ({ health }) => healthOrder(health),
  },
  {
    key: 'app',
    title: t('node.app'),
    cell: ({ app, version }) => (
      <span class="tags">
        {app === '' ? null : <span class="tag">{app}</span>}
        {version === '' ? null : <span class="tag">{version}</span>}
      </span>
    ),
    order: ({ app, version }) => `${app} ${version}`,
  },
  {
    key: 'pods',
    title: t('object.pods'),
    isNumber: true,
    cell: ({ pods }) => (
      <span class={pods.ready < pods.total ? 'text-warn' : ''}>
        {pods.ready}/{pods.total}
      </span>
    ),
    order: ({ pods }) => pods.ready,
  },
  {
    key: 'proxy',
    title: t('object.proxy'),
    cell: ({ isInjected, isGateway }) => <ProxyTag isInjected={isInjected} isGateway={isGateway} />,
    order: ({ isInjected, isGateway }) => Number(isInjected) + Number(isGateway) * 2,
  },
  ...trafficColumns<WorkloadSummary>(({ inbound }) => inbound),
  {
    key: 'out',
    title: t('panel.out'),
    isNumber: true,
    cell: ({ outbound }) => <Rate perSecond={outbound.requestsPerSecond} />,
    order: ({ outbound }) => outbound.requestsPerSecond,
  },
];

const ProxyTag = ({
  isInjected,
  isGateway,
}: {
  isInjected: boolean;
  isGateway: boolean;
}): VNode => {
  if (isGateway) return <span class="tag tag-accent">{t('node.gateway')}</span>;
  return isInjected ? (
    <span class="tag tag-ok">{t('object.sidecar')}</span>
  ) : (
    <span class="tag">{t('object.noProxy')}</span>
  );
};

/** All workloads. */
export const WorkloadListPage = (): VNode => {
  const [filter, setFilter] = useState('');
  const resource = useResource<WorkloadList>(
    withQuery('workloads', { namespaces: chosenNamespaces.value.join(',') }),
    ['metrics', 'config'],
    { keep: true },
  );
  return (
    <>
      <div class="toolbar">
        <TextField
          label={t('list.filter')}
          placeholder={t('list.filter')}
          icon="search"
          type="search"
          value={filter}
          onInput={setFilter}
        />
      </div>
      <Loaded resource={resource}>
        {({ workloads }) => <Workloads workloads={workloads} filter={filter} />}
      </Loaded>
    </>
  );
};

const Workloads = ({
  workloads,
  filter,
}: {
  workloads: readonly WorkloadSummary[];
  filter: string;
}): VNode => {
  const rows = workloads.filter(({ name }) => name.includes(filter.trim().toLowerCase()));
  if (rows.length === 0) return <Empty title={t('list.empty')} />;
  return (
    <Table
      label={t('nav.workloads')}
      rows={rows}
      columns={columns()}
      keyOf={({ kind, namespace, name }) => `${kind}/${namespace}/${name}`}
      onOpen={(workload) => goTo(linkToWorkload(workload))}
    />
  );
};
