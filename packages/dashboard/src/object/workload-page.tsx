import type { PodRow, WorkloadDetail } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { timeWindow } from '../app/preferences.ts';
import { linkTo, route, setQuery } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { formatAge } from '../format/moment.ts';
import { reasonText } from '../i18n/health-reason.ts';
import { t } from '../i18n/translate.ts';
import { LogView } from '../signal/log-view.tsx';
import { TraceTable } from '../signal/trace-list.tsx';
import { breakable } from '../view/breakable.tsx';
import { Card, Facts, Labels } from '../view/card.tsx';
import { Tabs } from '../view/controls.tsx';
import { HealthMark, Loaded } from '../view/feedback.tsx';
import { ConfigLinks } from './config-links.tsx';
import { PeerTable } from './peer-table.tsx';
import { TrafficCharts } from './traffic-charts.tsx';

type Tab = 'overview' | 'inbound' | 'outbound' | 'logs' | 'traces';
const tabs: readonly Tab[] = ['overview', 'inbound', 'outbound', 'logs', 'traces'];

/** Everything about one workload. */
export const WorkloadPage = ({ namespace, name }: { namespace: string; name: string }): VNode => {
  const path = `workloads/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  const window = timeWindow.value === '1m' ? '5m' : timeWindow.value;
  const resource = useResource<WorkloadDetail>(withQuery(path, { window }), ['metrics', 'config'], {
    keep: true,
  });
  const tab = tabs.find((each) => each === route.value.query['tab']) ?? 'overview';
  return (
    <Loaded resource={resource}>
      {(workload) => (
        <Tabs
          label={name}
          value={tab}
          choices={tabs.map((value) => ({ value, label: t(`workload.${value}`) }))}
          onChange={(value) => setQuery({ tab: value })}
        >
          <Panel workload={workload} tab={tab} />
        </Tabs>
      )}
    </Loaded>
  );
};

const Panel = ({ workload, tab }: { workload: WorkloadDetail; tab: Tab }): VNode => {
  switch (tab) {
    case 'overview':
      return <Overview workload={workload} />;
    case 'inbound':
      return (
        <div class="grid">
          <TrafficCharts title={t('object.inbound')} series={workload.inboundSeries} />
          <PeerTable title={t('panel.callers')} peers={workload.callers} />
        </div>
      );
    case 'outbound':
      return (
        <div class="grid">
          <TrafficCharts title={t('object.outbound')} series={workload.outboundSeries} />
          <PeerTable title={t('panel.callees')} peers={workload.callees} />
        </div>
      );
    case 'logs':
      return <LogView namespaces={[workload.namespace]} workload={workload.name} />;
    case 'traces':
      return (
        <TraceTable
          service={`${workload.app === '' ? workload.name : workload.app}.${workload.namespace}`}
        />
      );
  }
};

const Overview = ({ workload }: { workload: WorkloadDetail }): VNode => (
  <div class="grid">
    <div class="grid grid-2">
      <Card
        title={`${workload.kind} ${workload.name}`}
        aside={<HealthMark health={workload.health} />}
      >
        {workload.health.reasons.length === 0 ? null : (
          <ul class={`reasons reasons-${workload.health.state}`}>
            {workload.health.reasons.map((reason) => (
              <li key={reason.code}>{reasonText(reason)}</li>
            ))}
          </ul>
        )}
        <Facts
          facts={[
            [t('object.account'), workload.serviceAccount],
            [
              t('object.identity'),
              workload.principal === '' ? '' : <code>{breakable(workload.principal)}</code>,
            ],
            [t('nav.services'), <ServiceLinks key="services" workload={workload} />],
            [t('object.labels'), <Labels key="labels" labels={workload.labels} />],
            [
              t('nav.config'),
              workload.config.length === 0 ? '' : <ConfigLinks objects={workload.config} />,
            ],
          ]}
        />
      </Card>
      <Card title={t('object.pods')}>
        <div class="pods">
          {workload.podRows.map((pod) => (
            <Pod key={pod.name} pod={pod} workload={workload} />
          ))}
        </div>
      </Card>
    </div>
    <TrafficCharts title={t('object.inbound')} series={workload.inboundSeries} />
    <div class="grid grid-2">
      <PeerTable title={t('panel.callers')} peers={workload.callers} />
      <PeerTable title={t('panel.callees')} peers={workload.callees} />
    </div>
  </div>
);

const ServiceLinks = ({ workload }: { workload: WorkloadDetail }): VNode => (
  <span class="tags">
    {workload.services.map((service) => (
      <a
        key={service}
        class="tag tag-accent"
        href={linkTo('services', [workload.namespace, service])}
      >
        {service}
      </a>
    ))}
  </span>
);

const Pod = ({ pod, workload }: { pod: PodRow; workload: WorkloadDetail }): VNode => {
  const hasProxy = pod.containers.some(({ name }) => name === 'istio-proxy');
  return (
    <div class="pod">
      <div class="pod-head">
        <strong>{pod.name}</strong>
        <span class={`tag ${pod.ready ? 'tag-ok' : 'tag-warn'}`}>{pod.phase}</span>
        {hasProxy ? (
          <a href={linkTo('proxies', [workload.namespace, pod.name])}>{t('object.proxy')}</a>
        ) : null}
      </div>
      <small>
        <code>{pod.ip}</code> {pod.startedAtMs === 0 ? '' : formatAge(pod.startedAtMs, Date.now())}
      </small>
      <ul>
        {pod.containers.map((container) => (
          <li key={container.name}>
            <i class={`dot ${container.ready ? 'tone-ok' : 'tone-warn'}`} aria-hidden="true" />
            {container.name} <small>{container.image}</small> <small>{container.state}</small>
            {container.restarts > 0 ? (
              <small class="text-warn">
                {' '}
                {t('object.restarts', { count: container.restarts })}
              </small>
            ) : null}
          </li>
        ))}
      </ul>
    </div>
  );
};
