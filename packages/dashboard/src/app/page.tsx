import type { Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { GraphPage } from '../graph/graph-page.tsx';
import { ProxyListPage } from '../object/proxy-list.tsx';
import { ProxyPage } from '../object/proxy-page.tsx';
import { ServiceListPage } from '../object/service-list.tsx';
import { ServicePage } from '../object/service-page.tsx';
import { WorkloadListPage } from '../object/workload-list.tsx';
import { WorkloadPage } from '../object/workload-page.tsx';
import { LogPage } from '../signal/log-page.tsx';
import { TraceListPage } from '../signal/trace-list.tsx';
import { TracePage } from '../signal/trace-page.tsx';
import { lazily } from '../view/lazy.tsx';
import { route } from './route.ts';

const ExplainPage = lazily(async () => (await import('../explain/explain-page.tsx')).ExplainPage);
const ConfigPage = lazily(async () => (await import('../config/config-page.tsx')).ConfigPage);

/** The page the reader is on. */
export const Page = ({ status }: { status: Status | undefined }): VNode => {
  const { page, parts } = route.value;
  const [first, second] = parts;
  const key = parts.join('/');
  if (first !== undefined && second !== undefined) {
    if (page === 'services') return <ServicePage key={key} namespace={first} name={second} />;
    if (page === 'workloads') return <WorkloadPage key={key} namespace={first} name={second} />;
    if (page === 'proxies') return <ProxyPage key={key} namespace={first} pod={second} />;
  }
  if (page === 'traces' && first !== undefined) return <TracePage key={key} traceId={first} />;
  switch (page) {
    case 'services':
      return <ServiceListPage />;
    case 'workloads':
      return <WorkloadListPage />;
    case 'proxies':
      return <ProxyListPage />;
    case 'traces':
      return <TraceListPage />;
    case 'logs':
      return <LogPage />;
    case 'config':
      return <ConfigPage status={status} />;
    case 'explain':
      return <ExplainPage />;
    default:
      return <GraphPage status={status} />;
  }
};
