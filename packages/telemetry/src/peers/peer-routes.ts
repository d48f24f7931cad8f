import { graphViews } from '../api/graph-api.ts';
import { ownLogs, readLogQuestion } from '../api/logs-api.ts';
import type { NamespaceRow } from '../contract/status.ts';
import type { Eyes } from '../eyes.ts';
import { clusterNodes } from '../graph/build-graph.ts';
import type { ToldNodes } from '../graph/cluster-nodes.ts';
import { tellRounds } from '../metrics/told-rounds.ts';
import { ok, problem } from '../server/answer.ts';
import type { QueryReader } from '../server/query-reader.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { type ToldSpans, tellSpans } from './peer-traces.ts';

/** Who a cluster is. JSON. */
export interface Hello {
  readonly cluster: string;
  readonly namespaces: readonly NamespaceRow[];
}

const count = { min: 0, max: Number.MAX_SAFE_INTEGER };

const spansOf = ({ traces, startedAtMs }: Eyes, query: QueryReader): ToldSpans => {
  const traceId = query.text('traceId');
  if (traceId !== '') return { epoch: startedAtMs, next: 0, spans: traces.own(traceId) };
  const epoch = query.integer('epoch', 0, count);
  return tellSpans(traces, startedAtMs, { epoch, after: query.integer('after', 0, count) });
};

/** What the eyes of other clusters may ask: of this cluster, and nothing of others. `dashboard`: where people find it. */
export const peerRoutes = (eyes: Eyes, dashboard: string): readonly ApiRoute[] => {
  const read = (path: string, handle: ApiRoute['handle']): ApiRoute => ({
    ...{ method: 'GET', path, handle },
  });
  return [
    read('hello', () => {
      const { cluster, namespaces } = eyes.model();
      return ok({ cluster, namespaces } satisfies Hello);
    }),
    read('rounds', ({ query }) => {
      const sinceMs = query.integer('since', 0, count);
      // A Prometheus may have what other clusters measured as well: whoever wants that asks it.
      return ok(eyes.metrics.url === '' ? tellRounds(eyes.store, sinceMs) : { toMs: 0, sets: [] });
    }),
    read('nodes', ({ query }) =>
      ok({
        ...clusterNodes(eyes.model(), {
          view: query.choice('view', graphViews, 'versionedApp'),
          withServices: query.flag('services', false),
          namespaces: query.list('namespaces'),
        }),
        dashboard,
      } satisfies ToldNodes),
    ),
    read('spans', ({ query }) => ok(spansOf(eyes, query))),
    read('logs', async ({ query }) => {
      const question = readLogQuestion(query);
      const answer = question && (await ownLogs(eyes, question));
      return answer === undefined ? problem('not-found', 'there are no such logs') : ok(answer);
    }),
  ];
};
