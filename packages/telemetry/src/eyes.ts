import type { Clock, Logger } from '@lateen/base';
import type { KubeClient } from '@lateen/kube';
import type { MeshPlace } from './clusters/other-clusters.ts';
import type { ConfigHistory } from './config/config-history.ts';
import { MeshFindings } from './config/findings.ts';
import type { Call } from './graph/call.ts';
import { readCalls } from './graph/call-table.ts';
import type { RawKubeClient } from './kubernetes/raw-client.ts';
import type { LogStore } from './logs/log-store.ts';
import { type MeshModel, meshModel } from './mesh/mesh-model.ts';
import type { MeshObjects } from './mesh/mesh-objects.ts';
import type { RoundRange } from './metrics/scrape-rounds.ts';
import type { SeriesStore } from './metrics/series-store.ts';
import type { MeshPeers } from './peers/mesh-peers.ts';
import type { Scraper } from './scrape/scraper.ts';
import type { MetricsSource } from './source/metrics-source.ts';
import type { WatchedTraces } from './source/watched-traces.ts';
import type { TraceStore } from './traces/trace-store.ts';

/** Name of the one cluster where nothing else is said (Istio's default). */
export const defaultClusterName = 'Kubernetes';

/** What the answers of the API are computed from. */
export interface Eyes extends MeshPeers {
  readonly clock: Clock;
  readonly log: Logger;
  readonly client: KubeClient;
  readonly objects: MeshObjects;
  readonly store: SeriesStore;
  readonly scraper: Scraper;
  readonly raw: RawKubeClient;
  readonly traces: TraceStore;
  /** Records of OTLP logs. */
  readonly logs: LogStore;
  /** Where traces are read: that store, or a Jaeger. */
  readonly watched: WatchedTraces;
  /** Where metrics come from: the proxies, or a Prometheus. */
  readonly metrics: MetricsSource;
  readonly history: ConfigHistory;
  /** A bearer token lets clients write from elsewhere. */
  readonly hasToken: boolean;
  /** Where spans are taken; 0: nowhere. */
  readonly receiverPorts: () => {
    readonly otlpPort: number;
    readonly otlpGrpcPort: number;
    readonly zipkinPort: number;
  };
  /** The cluster's place in a mesh of several, as whoever started it says; absent: it is known by itself. */
  readonly place?: MeshPlace;
  readonly startedAtMs: number;
  /** What analyzers find in the mesh as it is. */
  readonly findings: MeshFindings;
  /** The mesh as it is now; computed when objects changed. */
  model(): MeshModel;
  /** Calls of the last `windowMs`, and the rounds they are from. */
  calls(windowMs: number): { readonly calls: readonly Call[]; readonly range: RoundRange };
}

/** The cluster as its own proxies call it, by Istio's metrics; undefined before the first of them. */
const clusterInMetrics = (store: SeriesStore): string | undefined => {
  for (const { labels } of store.series('istio_requests_total')) {
    const side = labels['reporter'] === 'destination' ? 'destination' : 'source';
    const cluster = labels[`${side}_cluster`] ?? 'unknown';
    if (cluster !== 'unknown' && cluster !== '') return cluster;
  }
  return undefined;
};

/** Puts the parts together. */
export const createEyes = (
  parts: Omit<Eyes, 'startedAtMs' | 'findings' | 'model' | 'calls'>,
): Eyes => {
  const { objects, store, clock } = parts;
  let model: MeshModel | undefined;
  let modelVersion = -1;
  let cluster: string | undefined = parts.place?.name;
  return {
    ...parts,
    startedAtMs: clock.nowMs(),
    findings: new MeshFindings(objects, parts.client),
    model: () => {
      const isFirstName = cluster === undefined;
      cluster ??= clusterInMetrics(store);
      const isNamed = isFirstName && cluster !== undefined;
      if (model === undefined || modelVersion !== objects.version || isNamed) {
        modelVersion = objects.version;
        model = meshModel(objects, cluster ?? defaultClusterName);
      }
      return model;
    },
    calls: (windowMs) => {
      const toMs = Math.max(clock.nowMs(), store.rounds.newestMs);
      const range = store.rounds.range(toMs - windowMs, toMs);
      return { calls: readCalls(store, range), range };
    },
  };
};
