import type { Trace } from '../contract/trace.ts';
import { createUrlReader, parseJson, printableUrl } from '../source/url-reader.ts';
import { TelemetryError } from '../telemetry-error.ts';
import { parseJaeger } from './jaeger-json.ts';
import type { ReceivedSpan } from './received-span.ts';
import type { TraceSource } from './trace-source.ts';
import type { TraceFilter } from './trace-store.ts';
import { traceView } from './trace-view.ts';

const timeoutMs = 15_000;
/** Some hundred traces of some hundred spans. */
const maxBytes = 64 * 1024 * 1024;
/** Services asked when no one is named: Jaeger answers for one at a time. */
const maxServices = 12;

const hasSpans = (spans: readonly ReceivedSpan[]): boolean => spans.length > 0;

const viewOf = (spans: readonly ReceivedSpan[]): Trace =>
  traceView(spans[0]?.traceId ?? '', spans, 0);

const searchParameters = (filter: TraceFilter, service: string): URLSearchParams => {
  const parameters = new URLSearchParams({ service, limit: String(filter.limit) });
  const tags = Object.fromEntries([
    ...filter.tags,
    ...(filter.onlyErrors ? [['error', 'true']] : []),
  ]);
  if (Object.keys(tags).length > 0) parameters.set('tags', JSON.stringify(tags));
  if (filter.minDurationUs > 0) parameters.set('minDuration', `${filter.minDurationUs}us`);
  if (filter.fromUs > 0) parameters.set('start', String(filter.fromUs));
  else parameters.set('lookback', '1h');
  if (filter.toUs < Number.MAX_SAFE_INTEGER) parameters.set('end', String(filter.toUs));
  return parameters;
};

/** Reads traces of a Jaeger (or whatever speaks its query API). */
export const jaegerTraces = (base: URL): TraceSource => {
  const root = printableUrl(base);
  const who = `Jaeger at ${root}`;
  const read = createUrlReader({ timeoutMs, maxBytes });
  const ask = async (path: string): Promise<unknown> => {
    const asked = new URL(`${base.href.replace(/\/$/, '')}/api/${path}`);
    return parseJson(who, await read(who, asked, 'application/json'));
  };
  const spansOf = async (traceId: string): Promise<readonly ReceivedSpan[]> => {
    try {
      return parseJaeger(await ask(`traces/${encodeURIComponent(traceId)}`))[0] ?? [];
    } catch (error) {
      if (error instanceof TelemetryError && error.code === 'not-found') return [];
      throw error;
    }
  };
  const services = async (): Promise<readonly string[]> => {
    const { data } = (await ask('services')) as { readonly data?: unknown };
    return Array.isArray(data) ? data.filter((name) => typeof name === 'string').sort() : [];
  };
  const search = async (filter: TraceFilter, service: string) =>
    parseJaeger(await ask(`traces?${searchParameters(filter, service)}`));
  return {
    kind: 'jaeger',
    url: root,
    services,
    get: async (traceId) => {
      const spans = await spansOf(traceId);
      return hasSpans(spans) ? viewOf(spans) : undefined;
    },
    list: async (filter) => {
      const names =
        filter.service === '' ? (await services()).slice(0, maxServices) : [filter.service];
      const found = await Promise.all(names.map((name) => search(filter, name)));
      const traces = new Map(
        found
          .flat()
          .filter(hasSpans)
          .map((spans) => [spans[0]?.traceId, viewOf(spans)]),
      );
      const operation = filter.operation.toLowerCase();
      return [...traces.values()]
        .filter(
          ({ durationUs, spans }) =>
            durationUs <= filter.maxDurationUs &&
            spans.some(({ name }) => name.toLowerCase().includes(operation)),
        )
        .sort((left, right) => right.startUs - left.startUs)
        .slice(0, filter.limit)
        .map(({ spans: _, droppedSpans: __, ...summary }) => summary);
    },
  };
};
