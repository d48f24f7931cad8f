import type { Pod } from '@lateen/api';
import type { LogAnswer, LogLine } from '../contract/log.ts';
import type { Eyes } from '../eyes.ts';
import { type LogQuery, lineTest, readLogs } from '../logs/read-logs.ts';
import { ok, problem } from '../server/answer.ts';
import type { QueryReader } from '../server/query-reader.ts';
import type { ApiRoute } from '../server/route-table.ts';

const levels: readonly LogLine['level'][] = ['error', 'warning', 'info', 'debug'];

/** That level and worse. */
const levelsFrom = (level: string): ReadonlySet<string> | undefined => {
  const index = levels.indexOf(level as LogLine['level']);
  return index < 0 ? undefined : new Set(levels.slice(0, index + 1));
};

/** Whose lines, and which of them. */
export interface LogQuestion extends Omit<LogQuery, 'pods'> {
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  /** The same as parameters, for the eyes of other clusters. */
  readonly parameters: URLSearchParams;
}

/** Reads a question; undefined: it cannot be read, as the reader says. */
export const readLogQuestion = (query: QueryReader): LogQuestion | undefined => {
  const test = lineTest(query.text('filter'));
  if (test === undefined) query.refuse('filter', 'is no regular expression (RE2)');
  const limit = query.integer('limit', 500, { min: 1, max: 5000 });
  const sinceMs = query.duration('since', 300_000, { minMs: 1000, maxMs: 86_400_000 });
  if (test === undefined || query.diagnostics.length > 0) return undefined;
  return {
    namespace: query.text('namespace') || 'default',
    workload: query.text('workload'),
    pod: query.text('pod'),
    containers: query.texts('container'),
    sinceSeconds: Math.ceil(sinceMs / 1000),
    ...{ limit, test },
    traceId: query.text('traceId').toLowerCase(),
    requestId: query.text('requestId'),
    levels: levelsFrom(query.text('level')),
    parameters: query.parameters,
  };
};

const podsOf = (
  eyes: Eyes,
  { namespace, workload, pod }: LogQuestion,
): readonly Pod[] | undefined => {
  if (pod !== '') {
    const found = eyes.objects.get<Pod>('Pod', pod, namespace);
    return found && [found];
  }
  if (workload !== '') return eyes.model().workloads.get(`${namespace}/${workload}`)?.pods;
  return eyes.objects.list<Pod>('Pod').filter(({ metadata }) => metadata.namespace === namespace);
};

/** Lines of this cluster; undefined: there is no such pod or workload. */
export const ownLogs = async (
  eyes: Eyes,
  question: LogQuestion,
): Promise<LogAnswer | undefined> => {
  const pods = podsOf(eyes, question);
  const places = { raw: eyes.raw, logs: eyes.logs, nowMs: eyes.clock.nowMs() };
  return pods && readLogs(places, { ...question, pods });
};

/** Dozens of containers are read one by one. */
const logsTimeoutMs = 10_000;

const byTime = (left: LogLine, right: LogLine): number => left.timeMs - right.timeMs;

/** With what other clusters logged of the same request. */
const meshLogs = async (
  { peers }: Eyes,
  own: LogAnswer,
  { parameters, limit }: LogQuestion,
): Promise<LogAnswer> => {
  const asked = await peers.askAll<LogAnswer>(`/logs?${parameters}`, logsTimeoutMs);
  // Another version may speak otherwise.
  const answers = [...asked].filter(([, { lines, errors }]) =>
    [lines, errors].every(Array.isArray),
  );
  const told = answers.flatMap(([cluster, answer]) =>
    answer.lines.map((line) => ({ ...line, cluster })),
  );
  const lines = [...own.lines, ...told].sort(byTime);
  const unreachable = peers.unreachable().map(({ cluster, reason }) => ({
    ...{ pod: `cluster ${cluster}`, container: '', message: `cannot be reached (${reason})` },
  }));
  const all = answers.map(([, answer]) => answer);
  return {
    lines: lines.slice(-limit),
    truncated: lines.length > limit || [own, ...all].some(({ truncated }) => truncated),
    errors: [...own.errors, ...all.flatMap(({ errors }) => errors), ...unreachable],
  };
};

/** `GET logs`. */
export const logRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'logs',
    handle: async ({ query }) => {
      const question = readLogQuestion(query);
      if (question === undefined) return problem('bad-request', '');
      const own = await ownLogs(eyes, question);
      if (own === undefined) return problem('not-found', 'there is no such pod or workload');
      const { workload, pod, traceId, requestId } = question;
      const isOfRequest = workload === '' && pod === '' && (traceId !== '' || requestId !== '');
      return ok(isOfRequest ? await meshLogs(eyes, own, question) : own);
    },
  },
];
