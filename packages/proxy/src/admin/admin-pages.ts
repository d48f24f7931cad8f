import { toJson } from '@bufbuild/protobuf';
import { NodeSchema } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { printPrometheus, prometheusContentType } from '../stats/prometheus-text.ts';
import type { AdminContext, AdminReply } from './admin-context.ts';
import { certificatesJson } from './certificate-page.ts';
import { clustersJson, printClusters } from './cluster-pages.ts';
import { dumpConfiguration } from './config-dump.ts';
import { listenersJson, printListeners } from './listener-pages.ts';
import { type AdminState, serverState } from './server-state.ts';
import { printStats, selectedStats, statsJson } from './stats-pages.ts';

/** What a page may look at. */
export interface PageRequest {
  readonly context: AdminContext;
  readonly state: AdminState;
  readonly query: URLSearchParams;
}

/** Answers for one path. */
export type Page = (request: PageRequest) => AdminReply | Promise<AdminReply>;

const plain = (body: string, status = 200): AdminReply => ({ status, body });

const json = (value: unknown): AdminReply => ({
  status: 200,
  contentType: 'application/json',
  body: `${JSON.stringify(value, undefined, 1)}\n`,
});

const wantsJson = (query: URLSearchParams): boolean => query.get('format') === 'json';

const stateOf = ({ context, state }: PageRequest): string => serverState(state, context.isReady());

/** Metrics in the Prometheus format. */
export const prometheusPage: Page = ({ context, query }) => ({
  status: 200,
  contentType: prometheusContentType,
  body: printPrometheus(selectedStats(context.stats, query)),
});

/** 200 when traffic may come. */
export const readyPage: Page = (request) => {
  const text = stateOf(request);
  return plain(`${text}\n`, text === 'LIVE' ? 200 : 503);
};

const memoryPage: Page = () => {
  const { heapUsed, heapTotal, rss, external } = process.memoryUsage();
  return json({
    allocated: String(heapUsed),
    heap_size: String(heapTotal),
    total_physical_bytes: String(rss),
    total_thread_cache: '0',
    pageheap_free: '0',
    pageheap_unmapped: String(external),
  });
};

const serverInfoPage: Page = (request) => {
  const { node } = request.context.bootstrap;
  const uptime = `${Math.floor(process.uptime())}s`;
  return json({
    version: 'lateen',
    state: stateOf(request),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: 'disabled',
    command_line_options: { concurrency: 1 },
    ...(node !== undefined && { node: toJson(NodeSchema, node, { useProtoFieldName: true }) }),
  });
};

const getPages: Readonly<Record<string, Page>> = {
  '/ready': readyPage,
  '/stats/prometheus': prometheusPage,
  '/stats': (request) => {
    const { context, query } = request;
    if (query.get('format') === 'prometheus') return prometheusPage(request);
    if (wantsJson(query)) return json(statsJson(context.stats, query));
    return plain(printStats(context.stats, query));
  },
  '/config_dump': async ({ context, query }) => json(await dumpConfiguration(context, query)),
  '/clusters': ({ context, query }) =>
    wantsJson(query) ? json(clustersJson(context)) : plain(printClusters(context)),
  '/listeners': ({ context, query }) =>
    wantsJson(query) ? json(listenersJson(context)) : plain(printListeners(context)),
  '/server_info': serverInfoPage,
  '/memory': memoryPage,
  '/certs': ({ context }) => json(certificatesJson(context.certificates(), Date.now())),
};

/** Shows the level, and changes it with `?level=debug`. */
const loggingPage: Page = ({ context, query }) => {
  const { logLevel } = context;
  const wanted = query.get('level');
  if (logLevel === undefined) return plain('the log level is fixed\n', 404);
  if (wanted !== null && !logLevel.setLevel(wanted === 'warning' ? 'warn' : wanted)) {
    return plain(`unknown level ${wanted}: use debug, info, warning or error\n`, 400);
  }
  return plain(`active loggers:\n  main: ${logLevel.level}\n`);
};

const postPages: Readonly<Record<string, Page>> = {
  '/quitquitquit': ({ context }) => {
    context.quit?.();
    return plain('OK\n');
  },
  '/healthcheck/fail': ({ state }) => {
    state.failsHealthcheck = true;
    return plain('OK\n');
  },
  '/healthcheck/ok': ({ state }) => {
    state.failsHealthcheck = false;
    return plain('OK\n');
  },
  '/drain_listeners': ({ context }) => {
    context.listeners.drain();
    return plain('OK\n');
  },
  '/reset_counters': ({ context }) => {
    context.stats.resetCounters();
    return plain('OK\n');
  },
  '/logging': loggingPage,
};

const indexPage = (): AdminReply => {
  const names = [
    ...Object.keys(getPages),
    ...Object.keys(postPages).map((name) => `${name} (POST)`),
  ];
  return plain(
    `admin commands are:\n${names
      .sort()
      .map((name) => `  ${name}\n`)
      .join('')}`,
  );
};

/** Answers a request of the admin server. */
export const adminPage = async (
  method: string,
  url: URL,
  request: Omit<PageRequest, 'query'>,
): Promise<AdminReply> => {
  const path = url.pathname;
  if (path === '/' || path === '/help') return indexPage();
  const post = Object.hasOwn(postPages, path) ? postPages[path] : undefined;
  if (post !== undefined && method !== 'POST') {
    return plain(`Method ${method} not allowed, POST required.\n`, 405);
  }
  const page = post ?? (Object.hasOwn(getPages, path) ? getPages[path] : undefined);
  if (page === undefined) return plain('invalid path. \n', 404);
  return page({ ...request, query: url.searchParams });
};
