import type { ServiceList, ServiceSummary } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { chosenNamespaces } from '../app/preferences.ts';
import { goTo, linkTo } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { t } from '../i18n/translate.ts';
import { TextField } from '../view/controls.tsx';
import { Empty, HealthMark, Loaded } from '../view/feedback.tsx';
import { trafficColumns } from '../view/number-cells.tsx';
import { type Column, Table } from '../view/table.tsx';
import { ConfigLinks } from './config-links.tsx';
import { healthOrder } from './health-order.ts';

const linkToService = ({ namespace, name }: ServiceSummary): string =>
  linkTo('services', [namespace, name]);

const columns = (): readonly Column<ServiceSummary>[] => [
  {
    key: 'name',
    title: t('table.name'),
    cell: (service) => (
      <span class="cell-name">
        <a href={linkToService(service)}>{service.name}</a>
        <small>{service.namespace}</small>
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
    key: 'versions',
    title: t('object.versions'),
    cell: ({ versions }) => (
      <span class="tags">
        {versions.map((version) => (
          <span class="tag" key={version}>
            {version}
          </span>
        ))}
      </span>
    ),
  },
  {
    key: 'endpoints',
    title: t('object.endpoints'),
    isNumber: true,
    cell: ({ endpoints }) => (
      <span class={endpoints.ready < endpoints.total ? 'text-warn' : ''}>
        {endpoints.ready}/{endpoints.total}
      </span>
    ),
    order: ({ endpoints }) => endpoints.ready,
  },
  ...trafficColumns<ServiceSummary>(({ traffic }) => traffic),
  {
    key: 'config',
    title: t('nav.config'),
    cell: ({ config }) => <ConfigLinks objects={config} />,
  },
];

/** All services. */
export const ServiceListPage = (): VNode => {
  const [filter, setFilter] = useState('');
  const resource = useResource<ServiceList>(
    withQuery('services', { namespaces: chosenNamespaces.value.join(',') }),
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
        {({ services }) => <Services services={services} filter={filter} />}
      </Loaded>
    </>
  );
};

const Services = ({
  services,
  filter,
}: {
  services: readonly ServiceSummary[];
  filter: string;
}): VNode => {
  const rows = services.filter(({ name }) => name.includes(filter.trim().toLowerCase()));
  if (rows.length === 0) return <Empty title={t('list.empty')} />;
  return (
    <Table
      label={t('nav.services')}
      rows={rows}
      columns={columns()}
      keyOf={({ kind, namespace, name }) => `${kind}/${namespace}/${name}`}
      onOpen={(service) => goTo(linkToService(service))}
    />
  );
};
