import type { ServiceList, ServiceSummary } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { linkTo } from '../app/route.ts';
import { t } from '../i18n/translate.ts';
import { nameColumn } from '../view/name-column.tsx';
import { trafficColumns } from '../view/number-cells.tsx';
import type { Column } from '../view/table.tsx';
import { ConfigLinks } from './config-links.tsx';
import { healthColumn, ObjectList, readyColumn } from './object-list.tsx';

const linkToService = ({ namespace, name }: ServiceSummary): string =>
  linkTo('services', [namespace, name]);

/** So many versions stand in one line; more are broken. */
const maxInLine = 4;

const columns = (): readonly Column<ServiceSummary>[] => [
  nameColumn(linkToService),
  healthColumn(),
  {
    key: 'versions',
    title: t('object.versions'),
    width: '130px',
    cell: ({ versions }) => (
      <span class={`tags${versions.length <= maxInLine ? ' one-line' : ''}`}>
        {versions.map((version) => (
          <span class="tag" key={version}>
            {version}
          </span>
        ))}
      </span>
    ),
  },
  readyColumn('endpoints', t('object.endpoints'), ({ endpoints }) => endpoints),
  ...trafficColumns<ServiceSummary>(({ traffic }) => traffic),
  {
    key: 'config',
    title: t('nav.config'),
    cell: ({ config }) => <ConfigLinks objects={config} />,
  },
];

/** All services. */
export const ServiceListPage = (): VNode => (
  <ObjectList
    label={t('nav.services')}
    path="services"
    rowsOf={({ services }: ServiceList) => services}
    columns={columns()}
    linkOf={linkToService}
  />
);
