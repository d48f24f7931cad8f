import type { Pod } from '@lateen/api';
import type { MeshObjects } from '../mesh/mesh-objects.ts';
import type { SeriesStore } from '../metrics/series-store.ts';
import { createMetricsFetch, type FetchMetrics } from '../scrape/metrics-fetch.ts';
import { type ScrapeTarget, scrapeTargetOf } from '../scrape/scrape-target.ts';

/** Where metrics come from: the proxies themselves, or a Prometheus that scrapes them. */
export interface MetricsSource {
  /** '' for the proxies; without a password. */
  readonly url: string;
  /** What is to be read now. */
  readonly targets: () => readonly ScrapeTarget[];
  readonly fetch: FetchMetrics;
  /** Id of the target that tells of a pod (`namespace/pod`). */
  readonly targetOf: (pod: string) => string;
  /** Fills a store with what was before. Never rejects. */
  prepare(store: SeriesStore, nowMs: number): Promise<void>;
  close(): void;
}

/** The proxies and istiod of a mesh, each scraped at its pod. */
export const proxyMetrics = (objects: MeshObjects): MetricsSource => {
  const fetch = createMetricsFetch();
  return {
    url: '',
    targets: () =>
      objects
        .list<Pod>('Pod')
        .map(scrapeTargetOf)
        .filter((target) => target !== undefined),
    fetch,
    targetOf: (pod) => pod,
    prepare: () => Promise.resolve(),
    close: () => fetch.close(),
  };
};
