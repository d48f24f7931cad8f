import type { Trace, TraceList, TraceSummary } from '../contract/trace.ts';
import type { Eyes } from '../eyes.ts';
import type { Peers } from '../peers/peers.ts';
import { ok, problem } from '../server/answer.ts';
import type { QueryReader } from '../server/query-reader.ts';
import type { ApiRoute } from '../server/route-table.ts';
import type { TraceFilter } from '../traces/trace-store.ts';

const epoch = { min: 0, max: Number.MAX_SAFE_INTEGER };
const durations = { min: 0, max: 86_400_000 };

const filterOf = (query: QueryReader): TraceFilter => ({
  service: query.text('service'),
  operation: query.text('operation'),
  minDurationUs: query.integer('minDurationMs', 0, durations) * 1000,
  maxDurationUs: query.integer('maxDurationMs', durations.max, durations) * 1000,
  onlyErrors: query.flag('errors', false),
  fromUs: query.integer('from', 0, epoch) * 1000,
  toUs: query.integer('to', epoch.max, epoch) * 1000,
  limit: query.integer('limit', 50, { min: 1, max: 500 }),
  tags: query.texts('tag').flatMap((tag): readonly (readonly [string, string])[] => {
    const equals = tag.indexOf('=');
    if (equals > 0) return [[tag.slice(0, equals), tag.slice(equals + 1)]];
    query.refuse('tag', `must be name=value, not "${tag}"`);
    return [];
  }),
});

/** Proxies send their spans within a second or two; whoever asked first ends its span last. */
const arrivingMs = 4_000;

/** Not a trace that has only begun to come in: it would be listed under the name of what is in its middle. */
const hasArrived =
  (nowMs: number) =>
  ({ isWhole, startUs, durationUs }: TraceSummary): boolean =>
    isWhole || nowMs - (startUs + durationUs) / 1000 > arrivingMs;

/** Clusters whose spans may be missing. */
const namesOf = (peers: Peers): readonly string[] =>
  peers.unreachable().map(({ cluster }) => cluster);

/** `GET traces`, `GET traces/{traceId}`. */
export const traceRoutes = ({
  clock,
  traces,
  peers,
  peerTraces,
  watched: { source },
}: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'traces',
    handle: async ({ query }) => {
      const filter = filterOf(query);
      if (query.diagnostics.length > 0) return problem('bad-request', '');
      const isLocal = source.kind === 'embedded';
      if (isLocal) await peerTraces.refresh();
      const [found, services] = await Promise.all([source.list(filter), source.services()]);
      const arrived = found.filter(hasArrived(clock.nowMs()));
      const unreachable = isLocal ? namesOf(peers) : [];
      const { evicted } = traces;
      return ok({ traces: arrived, services, evicted, unreachable } satisfies TraceList);
    },
  },
  {
    method: 'GET',
    path: 'traces/{traceId}',
    handle: async ({ params }) => {
      const traceId = (params['traceId'] ?? '').toLowerCase().padStart(32, '0');
      const isLocal = source.kind === 'embedded';
      if (isLocal) await peerTraces.refreshTrace(traceId);
      const trace = await source.get(traceId);
      if (trace === undefined)
        return problem('not-found', 'there is no such trace, or it was forgotten');
      return ok({ ...trace, unreachable: isLocal ? namesOf(peers) : [] } satisfies Trace);
    },
  },
];
