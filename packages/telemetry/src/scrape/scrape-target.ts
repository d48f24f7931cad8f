import type { Pod } from '@lateen/api';
import { proxyContainer } from '../mesh/mesh-workload.ts';
import type { TargetInfo } from '../metrics/series.ts';

/** What is scraped, and where. */
export interface ScrapeTarget extends TargetInfo {
  readonly url: URL;
  /** Start of the proxy's container: its counters begin there. 0: not known. */
  readonly startedAtMs: number;
}

/** Istio's agent: the proxy's metrics, and the application's where it has some. */
const agentPort = 15_020;
const agentPath = '/stats/prometheus';
const istiodPort = 15_014;
const istiodPath = '/metrics';

const startedAt = ({ status }: Pod, container: string): number => {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const text = statuses.find(({ name }) => name === container)?.state?.running?.startedAt;
  return text === undefined ? 0 : Date.parse(text) || 0;
};

const whereOf = (pod: Pod): { readonly port: number; readonly path: string } | undefined => {
  if (proxyContainer(pod) !== undefined) return { port: agentPort, path: agentPath };
  if (pod.metadata.labels?.['app'] === 'istiod') return { port: istiodPort, path: istiodPath };
  return undefined;
};

const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** The target of a pod: its proxy, or istiod. Undefined when there is nothing to scrape (yet). */
export const scrapeTargetOf = (pod: Pod): ScrapeTarget | undefined => {
  const { metadata, status } = pod;
  const address = status?.podIP;
  if (status?.phase !== 'Running' || address === undefined || address === '') return undefined;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const where = whereOf(pod);
  if (where === undefined) return undefined;
  const { namespace = 'default', name } = metadata;
  const container = where.port === agentPort ? 'istio-proxy' : 'discovery';
  return {
    id: `${namespace}/${name}`,
    namespace,
    pod: name,
    url: new URL(`http://${hostOf(address)}:${where.port}${where.path}`),
    startedAtMs: startedAt(pod, container),
  };
};
