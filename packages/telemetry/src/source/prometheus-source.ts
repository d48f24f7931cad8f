import type { Logger } from '@lateen/base';
import type { ScrapeTarget } from '../scrape/scrape-target.ts';
import { reasonOf, TelemetryError } from '../telemetry-error.ts';
import { type ApiSample, exposition } from './exposition.ts';
import type { MetricsSource } from './metrics-source.ts';
import { createUrlReader, parseJson, printableUrl } from './url-reader.ts';

/** What is asked for: the names that the pages need. */
const wanted = '{__name__=~"istio_.*|pilot_.*|citadel_.*"}';

/** A server that takes longer than this for its newest samples does not keep up with the rounds. */
const timeoutMs = 15_000;
/** All series of the mesh in one answer: about 200,000. */
const maxBytes = 64 * 1024 * 1024;
/** How far back is asked for at the start. */
const historyMs = 15 * 60_000;
/** Distances of its moments: as the rounds that follow, or, where that is too much, as Prometheus scrapes by default. */
const historyStepsMs = [5_000, 15_000, 60_000] as const;

/** What was known at a moment, as a scrape. */
interface PastScrape {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

const isSeries = (item: unknown): item is Series =>
  typeof item === 'object' && item !== null && 'metric' in item;

const resultOf = (who: string, bytes: Uint8Array): readonly Series[] => {
  const { data } = parseJson(who, bytes) as { readonly data?: { readonly result?: unknown } };
  if (!Array.isArray(data?.result))
    throw new TelemetryError('bad-answer', `${who}: the answer has no result`);
  return data.result.filter(isSeries);
};

const scrapeOf = (series: readonly Series[]): Uint8Array =>
  exposition(series.flatMap(({ metric, value }) => (value ? [{ metric, value: value[1] }] : [])));

/** Samples by their moments. */
const momentsOf = (series: readonly Series[]): readonly PastScrape[] => {
  const byTime = new Map<number, ApiSample[]>();
  for (const { metric, values = [] } of series) {
    for (const [seconds, value] of values) {
      const samples = byTime.get(seconds);
      if (samples === undefined) byTime.set(seconds, [{ metric, value }]);
      else samples.push({ metric, value });
    }
  }
  return [...byTime]
    .sort(([left], [right]) => left - right)
    .map(([seconds, samples]) => ({ atMs: seconds * 1000, bytes: exposition(samples) }));
};

/**
 * Metrics of a Prometheus (or what speaks its query API: Thanos, Mimir, VictoriaMetrics) at a URL, with the path it lives
 * at: its newest samples each round, and at the start those of the last 15 minutes.
 */
export const prometheusMetrics = (base: URL, log: Logger): MetricsSource => {
  const url = printableUrl(base);
  const who = `Prometheus at ${url}`;
  const read = createUrlReader({ timeoutMs, maxBytes });
  const ask = async (
    path: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<readonly Series[]> => {
    const asked = new URL(`${base.href.replace(/\/$/, '')}/api/v1/${path}`);
    for (const [name, value] of Object.entries(parameters)) asked.searchParams.set(name, value);
    return resultOf(who, await read(who, asked, 'application/json'));
  };
  const target: ScrapeTarget = { id: who, namespace: '', pod: '', url: base, startedAtMs: 0 };
  const history = async (nowMs: number): Promise<readonly PastScrape[]> => {
    const end = Math.floor(nowMs / 1000);
    const range = { query: wanted, start: String(end - historyMs / 1000), end: String(end) };
    for (const stepMs of historyStepsMs) {
      try {
        return momentsOf(await ask('query_range', { ...range, step: String(stepMs / 1000) }));
      } catch (error) {
        if (!(error instanceof TelemetryError && error.code === 'too-large')) throw error;
      }
    }
    return [];
  };
  return {
    url,
    targets: () => [target],
    fetch: async () => scrapeOf(await ask('query', { query: wanted })),
    targetOf: () => target.id,
    prepare: async (store, nowMs) => {
      try {
        for (const { atMs, bytes } of await history(nowMs)) {
          store.beginRound(atMs);
          store.ingest(target, bytes);
        }
      } catch (error) {
        log.warn('the past cannot be read', { reason: reasonOf(error) });
      }
    },
    close: () => read.close(),
  };
};
