import type { Trace } from '../contract/trace.ts';
import { reasonOf, TelemetryError } from '../telemetry-error.ts';
import { parseJaeger } from './jaeger-json.ts';
import type { ReceivedSpan } from './received-span.ts';
import type { TraceSource } from './trace-source.ts';
import type { TraceFilter } from './trace-store.ts';
import { traceView } from './trace-view.ts';

const timeoutMs = 15_000;
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
  const root = base.href.replace(/\/$/, '');
  const ask = async (path: string): Promise<unknown> => {
    let response: Response;
    try {
      response = await fetch(`${root}/api/${path}`, { signal: AbortSignal.timeout(timeoutMs) });
      if (response.status === 404) return { data: [] };
      if (response.ok) return await response.json();
    } catch (cause) {
      throw new TelemetryError('no-answer', `Jaeger at ${root}: ${reasonOf(cause)}`, cause);
    }
    throw new TelemetryError('bad-answer', `Jaeger at ${root}: status ${response.status}`);
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
      const [spans] = parseJaeger(await ask(`traces/${encodeURIComponent(traceId)}`));
      return spans !== undefined && hasSpans(spans) ? viewOf(spans) : undefined;
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
