import type { Pod } from '@lateen/api';
import type { LogLine } from '../contract/log.ts';
import type { Eyes } from '../eyes.ts';
import { lineTest, readLogs } from '../logs/read-logs.ts';
import { ok, problem } from '../server/answer.ts';
import type { ApiRoute } from '../server/route-table.ts';

const levels: readonly LogLine['level'][] = ['error', 'warning', 'info', 'debug'];

/** That level and worse. */
const levelsFrom = (level: string): ReadonlySet<string> | undefined => {
  const index = levels.indexOf(level as LogLine['level']);
  return index < 0 ? undefined : new Set(levels.slice(0, index + 1));
};

const podsOf = (
  eyes: Eyes,
  { namespace, workload, pod }: Readonly<Record<'namespace' | 'workload' | 'pod', string>>,
): readonly Pod[] | undefined => {
  if (pod !== '') {
    const found = eyes.objects.get<Pod>('Pod', pod, namespace);
    return found && [found];
  }
  if (workload !== '') return eyes.model().workloads.get(`${namespace}/${workload}`)?.pods;
  return eyes.objects.list<Pod>('Pod').filter(({ metadata }) => metadata.namespace === namespace);
};

/** `GET logs`. */
export const logRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'logs',
    handle: async ({ query }) => {
      const namespace = query.text('namespace') || 'default';
      const pods = podsOf(eyes, {
        namespace,
        workload: query.text('workload'),
        pod: query.text('pod'),
      });
      if (pods === undefined) return problem('not-found', 'there is no such pod or workload');
      const test = lineTest(query.text('filter'));
      if (test === undefined) query.refuse('filter', 'is no regular expression (RE2)');
      const limit = query.integer('limit', 500, { min: 1, max: 5000 });
      const sinceMs = query.duration('since', 300_000, { minMs: 1000, maxMs: 86_400_000 });
      if (query.diagnostics.length > 0) return problem('bad-request', '');
      const places = { raw: eyes.raw, logs: eyes.logs, nowMs: eyes.clock.nowMs() };
      const answer = await readLogs(places, {
        pods,
        containers: query.texts('container'),
        sinceSeconds: Math.ceil(sinceMs / 1000),
        limit,
        test: test ?? (() => true),
        traceId: query.text('traceId').toLowerCase(),
        requestId: query.text('requestId'),
        levels: levelsFrom(query.text('level')),
      });
      return ok(answer);
    },
  },
];
