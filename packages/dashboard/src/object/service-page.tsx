import type { EndpointRow, ServiceDetail } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { timeWindow } from '../app/preferences.ts';
import { linkTo } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { reasonText } from '../i18n/health-reason.ts';
import { t } from '../i18n/translate.ts';
import { breakable } from '../view/breakable.tsx';
import { Card, Facts, Labels } from '../view/card.tsx';
import { HealthMark, Loaded } from '../view/feedback.tsx';
import { type Column, Table } from '../view/table.tsx';
import { ConfigLinks } from './config-links.tsx';
import { PeerTable } from './peer-table.tsx';
import { TrafficCharts } from './traffic-charts.tsx';

/** Everything about one service. */
export const ServicePage = ({ namespace, name }: { namespace: string; name: string }): VNode => {
  const path = `services/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  const window = timeWindow.value === '1m' ? '5m' : timeWindow.value;
  const resource = useResource<ServiceDetail>(withQuery(path, { window }), ['metrics', 'config'], {
    keep: true,
  });
  return <Loaded resource={resource}>{(service) => <Detail service={service} />}</Loaded>;
};

const Detail = ({ service }: { service: ServiceDetail }): VNode => (
  <div class="grid">
    <div class="grid grid-2">
      <About service={service} />
      <Card
        title={t('nav.config')}
        aside={
          <a
            class="button button-plain"
            href={linkTo('config', ['new'], { host: service.name, in: service.namespace })}
          >
            {t('object.change')}
          </a>
        }
      >
        {service.config.length === 0 ? (
          <p class="text-quiet">{t('object.noConfig')}</p>
        ) : (
          <ConfigLinks objects={service.config} />
        )}
      </Card>
    </div>
    <TrafficCharts title={t('object.inbound')} series={service.inbound} />
    <div class="grid grid-2">
      <PeerTable title={t('panel.callers')} peers={service.callers} />
      <PeerTable title={t('object.answering')} peers={service.workloads} />
    </div>
    <Card title={t('object.endpoints')} isFlush>
      <Table
        label={t('object.endpoints')}
        rows={service.endpointRows}
        columns={endpointColumns()}
        keyOf={({ address, port }) => `${address}:${port}`}
      />
    </Card>
  </div>
);

/** The same service on other pages. */
const ElsewhereLinks = ({ service: { namespace, name } }: { service: ServiceDetail }): VNode => (
  <p class="panel-links">
    <a class="button button-plain" href={linkTo('graph', [], { find: `service = ${name}` })}>
      {t('object.inGraph')}
    </a>
    <a class="button button-plain" href={linkTo('traces', [], { service: `${name}.${namespace}` })}>
      {t('nav.traces')}
    </a>
  </p>
);

const About = ({ service }: { service: ServiceDetail }): VNode => (
  <Card title={`${service.kind} ${service.name}`} aside={<HealthMark health={service.health} />}>
    {service.health.reasons.length === 0 ? null : (
      <ul class={`reasons reasons-${service.health.state}`}>
        {service.health.reasons.map((reason) => (
          <li key={reason.code}>{reasonText(reason)}</li>
        ))}
      </ul>
    )}
    <Facts
      facts={[
        [t('object.type'), service.type],
        [t('object.address'), <code key="ip">{service.clusterIp}</code>],
        [t('panel.hosts'), <code key="hosts">{breakable(service.hosts.join('  '))}</code>],
        [t('object.ports'), <Ports key="ports" service={service} />],
        [t('object.selector'), <Labels key="labels" labels={service.selector} />],
      ]}
    />
    <ElsewhereLinks service={service} />
  </Card>
);

const Ports = ({ service: { ports } }: { service: ServiceDetail }): VNode => (
  <span class="tags">
    {ports.map(({ name, port, targetPort, protocol }) => (
      <span class="tag mono" key={`${name} ${port}`}>
        {name === '' ? '' : `${name} `}
        {port}→{targetPort} {protocol}
      </span>
    ))}
  </span>
);

const endpointColumns = (): readonly Column<EndpointRow>[] => [
  {
    key: 'address',
    title: t('object.address'),
    cell: ({ address, port }) => (
      <code>
        {address}:{port}
      </code>
    ),
    order: ({ address }) => address,
  },
  {
    key: 'ready',
    title: t('object.ready'),
    cell: ({ ready }) => (
      <span class={`tag ${ready ? 'tag-ok' : 'tag-bad'}`}>
        {t(ready ? 'object.isReady' : 'object.notReady')}
      </span>
    ),
    order: ({ ready }) => (ready ? 1 : 0),
  },
  {
    key: 'workload',
    title: t('node.workload'),
    cell: ({ workload }) => workload,
    order: ({ workload }) => workload,
  },
  { key: 'version', title: t('object.version'), cell: ({ version }) => version },
  { key: 'pod', title: 'Pod', cell: ({ pod }) => pod, order: ({ pod }) => pod },
  { key: 'node', title: 'Node', cell: ({ node }) => node },
];
