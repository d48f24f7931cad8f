import type { Pod } from '@lateen/api';
import { resourcePath, resources } from '@lateen/kube';
import type { LogAnswer, LogLine } from '../contract/log.ts';
import type { RawKubeClient } from '../kubernetes/raw-client.ts';
import { compileTest, type TextTest } from '../regular-expression.ts';
import { reasonOf } from '../telemetry-error.ts';
import { logLine, receivedLine } from './log-line.ts';
import { type LogSource, ownerOf } from './log-owner.ts';
import type { LogStore } from './log-store.ts';

/** Containers read for one answer, and bytes of each: more is for `kubectl logs`. */
const maxContainers = 40;
const maxBytesPerContainer = 2 * 1024 * 1024;
/** Lines asked of each container for every line wanted: filters take some away. */
const readAhead = 4;
const maxLinesPerContainer = 20_000;

/** What is asked for. */
export interface LogQuery {
  readonly pods: readonly Pod[];
  /** Empty: all. */
  readonly containers: readonly string[];
  readonly sinceSeconds: number;
  readonly limit: number;
  readonly test: TextTest;
  readonly traceId: string;
  readonly requestId: string;
  /** Levels that pass; undefined: all. */
  readonly levels: ReadonlySet<string> | undefined;
}

/** A substring without regard to case, or `/regular expression/`; undefined: not a usable expression. */
export const lineTest = (filter: string): TextTest | undefined => {
  if (filter === '') return () => true;
  const pattern = /^\/(.+)\/$/.exec(filter)?.[1];
  if (pattern !== undefined) return compileTest(pattern, { isWhole: false, ignoreCase: true });
  const lower = filter.toLowerCase();
  return (text) => text.toLowerCase().includes(lower);
};

const sourcesOf = ({ pods, containers }: LogQuery): readonly LogSource[] =>
  pods.flatMap(({ metadata, spec }) =>
    [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)]
      .filter(({ name }) => containers.length === 0 || containers.includes(name))
      .map(({ name }) => ({
        namespace: metadata.namespace ?? 'default',
        pod: metadata.name,
        container: name,
        isProxy: name === 'istio-proxy',
      })),
  );

/** A native sidecar runs on; other init containers have nothing new to say. */
const isSidecar = (container: object): boolean =>
  (container as { readonly restartPolicy?: string }).restartPolicy === 'Always';

const pathOf = ({ namespace, pod, container }: LogSource, query: LogQuery): string => {
  const parameters = new URLSearchParams({
    container,
    timestamps: 'true',
    sinceSeconds: String(query.sinceSeconds),
    tailLines: String(Math.min(maxLinesPerContainer, query.limit * readAhead)),
    limitBytes: String(maxBytesPerContainer),
  });
  const path = resourcePath(resources.pods, { namespace, name: pod, subresource: 'log' });
  return `${path}?${parameters}`;
};

const passes = (line: LogLine, { test, traceId, requestId, levels }: LogQuery): boolean =>
  (traceId === '' || line.traceId === traceId || line.text.includes(traceId)) &&
  (requestId === '' || line.access?.requestId === requestId || line.text.includes(requestId)) &&
  (levels === undefined || levels.has(line.level)) &&
  test(line.text);

/** Where lines are read: containers by the API server, records that were sent. */
export interface LogPlaces {
  readonly raw: RawKubeClient;
  readonly logs: LogStore;
  readonly nowMs: number;
}

/** Records that pods sent; those that are in a container's log too are there already. */
const receivedLines = (
  { logs, nowMs }: LogPlaces,
  { pods, containers, sinceSeconds }: LogQuery,
  known: readonly LogLine[],
): readonly LogLine[] => {
  const received = logs.list(nowMs - sinceSeconds * 1000, () => true);
  if (received.length === 0) return [];
  const texts = new Set(known.map(({ pod, text }) => `${pod} ${text.trim()}`));
  return received.flatMap((log) => {
    const owner = ownerOf(log, pods);
    if (owner === undefined || texts.has(`${owner.pod} ${log.text.trim()}`)) return [];
    const isWanted = containers.length === 0 || containers.includes(owner.container);
    return isWanted ? [receivedLine(log, owner)] : [];
  });
};

/**
 * Lines of several containers, and records that pods sent, merged by time. Containers that cannot be
 * read are told, not thrown for.
 */
export const readLogs = async (places: LogPlaces, query: LogQuery): Promise<LogAnswer> => {
  const all = sourcesOf(query);
  const sources = all.slice(0, maxContainers);
  const errors: LogAnswer['errors'][number][] = all
    .slice(maxContainers)
    .map(({ pod, container }) => ({
      pod,
      container,
      message: 'too many containers: narrow it down',
    }));
  const read = await Promise.all(
    sources.map(async (source) => {
      try {
        const text = await places.raw.get(pathOf(source, query));
        return text
          .split('\n')
          .map((line) => logLine(line, source))
          .filter((line) => line !== undefined);
      } catch (error) {
        errors.push({ pod: source.pod, container: source.container, message: reasonOf(error) });
        return [];
      }
    }),
  );
  const written = read.flat();
  const lines = [...written, ...receivedLines(places, query, written)]
    .filter((line) => passes(line, query))
    .sort((left, right) => left.timeMs - right.timeMs);
  return { lines: lines.slice(-query.limit), truncated: lines.length > query.limit, errors };
};
