import type { WorkloadList, WorkloadSummary } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { linkTo } from '../app/route.ts';
import { t } from '../i18n/translate.ts';
import { nameColumn } from '../view/name-column.tsx';
import { Rate, trafficColumns } from '../view/number-cells.tsx';
import type { Column } from '../view/table.tsx';
import { healthColumn, ObjectList, readyColumn } from './object-list.tsx';

const linkToWorkload = ({ namespace, name }: WorkloadSummary): string =>
  linkTo('workloads', [namespace, name]);

const columns = (): readonly Column<WorkloadSummary>[] => [
  nameColumn(linkToWorkload, ({ kind, namespace }) => `${kind} · ${namespace}`),
  healthColumn(),
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
  readyColumn('pods', t('object.pods'), ({ pods }) => pods),
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
export const WorkloadListPage = (): VNode => (
  <ObjectList
    label={t('nav.workloads')}
    path="workloads"
    rowsOf={({ workloads }: WorkloadList) => workloads}
    columns={columns()}
    linkOf={linkToWorkload}
  />
);
