import { createUrlReader } from '../source/url-reader.ts';
import type { ScrapeTarget } from './scrape-target.ts';

/** A scrape that takes longer than this is given up: the next round is near. */
const timeoutMs = 4_000;
/** A proxy with ten thousand series prints some megabytes. */
const maxBytes = 64 * 1024 * 1024;

/** Reads the metrics of a target, as Prometheus' text format. Rejects with TelemetryError. */
export type FetchMetrics = (target: ScrapeTarget) => Promise<Uint8Array>;

/** Scrapes targets at their URLs. */
export const createMetricsFetch = (): FetchMetrics & { close(): void } => {
  const read = createUrlReader({ timeoutMs, maxBytes });
  const fetch: FetchMetrics = ({ id, url }) => read(id, url, 'text/plain;version=0.0.4');
  return Object.assign(fetch, { close: () => read.close() });
};
