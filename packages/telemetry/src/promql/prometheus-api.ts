import type { Eyes } from '../eyes.ts';
import type { SeriesStore } from '../metrics/series-store.ts';
import type { Answer } from '../server/answer.ts';
import { instantQuery, type PromqlAnswer, rangeQuery, seriesQuery } from './promql-query.ts';
import { metricNames } from './stored-series.ts';

/** Answers that Grafana and Kiali ask for first. */
const buildInfo = {
  version: '3.5.0',
  revision: 'lateen',
  branch: '',
  buildUser: '',
  buildDate: '',
  goVersion: '',
};

const success = (data: unknown): Answer => ({ status: 200, body: { status: 'success', data } });

const failure = (error: string): Answer => ({
  status: 400,
  body: { status: 'error', errorType: 'bad_data', error },
});

const answerOf = ({ data, problem }: PromqlAnswer): Answer =>
  problem === undefined ? success(data) : failure(problem);

/** Seconds since the epoch with fractions, or RFC 3339; NaN when it is neither. */
const timeMs = (text: string | null, presetMs: number): number => {
  if (text === null || text === '') return presetMs;
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
};

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Seconds, or a duration like `15s`. */
const stepMs = (text: string | null): number => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text ?? '');
  return match === null ? Number.NaN : Number(match[1]) * (unitsMs[match[2] ?? 's'] ?? 1000);
};

const allLabels = (
  store: SeriesStore,
  selectors: readonly string[],
): readonly Readonly<Record<string, string>>[] => {
  const asked = selectors.length > 0 ? selectors : metricNames(store);
  const { data } = seriesQuery(store, asked);
  return (data ?? []) as readonly Readonly<Record<string, string>>[];
};

const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();

const metadata = (store: SeriesStore): Record<string, unknown> =>
  Object.fromEntries(
    store.families().map(({ name, kind }) => [name, [{ type: kind, help: '', unit: '' }]]),
  );

type PrometheusHandler = (parameters: URLSearchParams, eyes: Eyes) => Answer;

const handlers: Readonly<Record<string, PrometheusHandler>> = {
  'api/v1/query': (parameters, { store, clock }) =>
    answerOf(
      instantQuery(
        store,
        parameters.get('query') ?? '',
        timeMs(parameters.get('time'), Math.max(clock.nowMs(), store.rounds.newestMs)),
      ),
    ),
  'api/v1/query_range': (parameters, { store, clock }) =>
    answerOf(
      rangeQuery(store, parameters.get('query') ?? '', {
        startMs: timeMs(parameters.get('start'), Number.NaN),
        endMs: timeMs(parameters.get('end'), clock.nowMs()),
        stepMs: stepMs(parameters.get('step')),
      }),
    ),
  'api/v1/series': (parameters, { store }) =>
    answerOf(seriesQuery(store, parameters.getAll('match[]'))),
  'api/v1/labels': (parameters, { store }) =>
    success(distinct(allLabels(store, parameters.getAll('match[]')).flatMap(Object.keys))),
  'api/v1/metadata': (_, { store }) => success(metadata(store)),
  'api/v1/status/buildinfo': () => success(buildInfo),
  'api/v1/status/runtimeinfo': (_, { store, startedAtMs }) =>
    success({
      startTime: new Date(startedAtMs).toISOString(),
      timeSeriesCount: store.use.series,
      storageRetention: '15m',
    }),
  '-/ready': () => success('ready'),
  '-/healthy': () => success('healthy'),
};

const labelValues = /^api\/v1\/label\/([^/]+)\/values$/;

/**
 * Prometheus' HTTP API over the embedded store, for tools that speak it. `path` is without a leading slash.
 * Undefined: there is no such path.
 */
export const prometheusAnswer = (
  path: string,
  parameters: URLSearchParams,
  eyes: Eyes,
): Answer | undefined => {
  const handle = Object.hasOwn(handlers, path) ? handlers[path] : undefined;
  if (handle !== undefined) return handle(parameters, eyes);
  const label = labelValues.exec(path)?.[1];
  if (label === undefined) return undefined;
  if (label === '__name__') return success(metricNames(eyes.store));
  const found = allLabels(eyes.store, parameters.getAll('match[]'));
  return success(distinct(found.flatMap((labels) => labels[label] ?? [])));
};
