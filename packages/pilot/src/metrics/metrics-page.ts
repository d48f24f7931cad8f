import { X509Certificate } from 'node:crypto';
import type { KubeObject } from '@lateen/api';
import type { PushContext } from '@lateen/translator';
import { typeUrls } from '@lateen/xds';
import type { Connection } from '../ads/ads-server.ts';
import { observeMesh } from './mesh-gauges.ts';
import type { PilotMetrics } from './pilot-metrics.ts';
import { renderProcessMetrics } from './process-metrics.ts';

/** What is counted only when somebody asks: a push does not wait for it. */
export interface MetricsSources {
  /** Undefined before the first push. */
  readonly push: PushContext | undefined;
  readonly pods: readonly KubeObject[];
  readonly connections: readonly Connection[];
  /** Clusters besides the own one. */
  readonly remoteClusters: number;
  /** The root that signs, PEM; undefined: there is no authority. */
  readonly root: string | undefined;
}

const typeUrlOf: Readonly<Record<string, string>> = {
  cds: typeUrls.cluster,
  eds: typeUrls.endpoint,
  lds: typeUrls.listener,
  rds: typeUrls.route,
};

/** Proxies that refuse what they were last sent of a type. */
const refusals = (connections: readonly Connection[], type: string): number =>
  connections.filter(
    ({ stream }) => stream.subscriptions.get(typeUrlOf[type] ?? '')?.rejected !== undefined,
  ).length;

/** Prometheus text of all metrics, as they are now. */
export const metricsPage = (
  metrics: PilotMetrics,
  { push, pods, connections, remoteClusters, root }: MetricsSources,
): string => {
  if (push !== undefined) observeMesh(metrics.mesh, push, pods);
  metrics.managedClusters.set(1, { cluster_type: 'local' });
  metrics.managedClusters.set(remoteClusters, { cluster_type: 'remote' });
  for (const [type, gauge] of Object.entries(metrics.refusing))
    gauge.set(refusals(connections, type));
  if (root !== undefined)
    metrics.rootExpiry.set(new X509Certificate(root).validToDate.getTime() / 1_000);
  return metrics.render() + renderProcessMetrics();
};
