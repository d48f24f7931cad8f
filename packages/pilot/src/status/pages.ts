import type { AdsServer, Connection } from '../ads/ads-server.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { RemoteClusterStatus } from '../ingest/remote-clusters.ts';
import type { KeySetResolver } from '../key-sets/key-set-resolver.ts';
import { adsClients } from './clients.ts';
import { configDumpJson } from './config-dump.ts';
import { jsonPage, type Page, type PageBuilder, textPage } from './status-server.ts';
import { type ControlPlane, proxyName, syncStatuses } from './syncz.ts';

/** What the pages show. */
export interface PageSources {
  readonly ads: AdsServer;
  readonly ingest: Ingest;
  readonly keySets: KeySetResolver;
  /** Prometheus text of all metrics, as they are now. */
  readonly metricsText: () => string;
  readonly controlPlane: ControlPlane;
  /** Whether proxies are served. */
  readonly isReady: () => boolean;
  /** The services of the mesh, for `/debug/registryz`. */
  readonly registry: () => unknown;
  /** What is odd about the networks of clusters, by cluster id. */
  readonly networkProblems: () => ReadonlyMap<string, string>;
  /** What is wrong with the objects pushes are computed from, for `/debug/diagnosticz`. */
  readonly diagnostics: () => unknown;
}

/** istiod's status pages, and three of ours: `/debug/ingestz`, `/debug/diagnosticz`, `/debug/jwksz`. */
export const statusPages = (sources: PageSources): Readonly<Record<string, PageBuilder>> => ({
  '/ready': () => readyPage(sources),
  '/metrics': () => textPage(sources.metricsText()),
  '/debug/syncz': () => jsonPage(syncStatuses(sources.ads.connections, sources.controlPlane)),
  '/debug/adsz': () => jsonPage(adsClients(sources.ads.connections)),
  '/debug/registryz': () => jsonPage(sources.registry()),
  '/debug/clusterz': () => jsonPage(remoteStatuses(sources)),
  '/debug/ingestz': () => jsonPage(sources.ingest.status()),
  '/debug/diagnosticz': () => jsonPage(sources.diagnostics()),
  '/debug/jwksz': (query) => keySetPage(sources, query.has('refresh')),
  '/debug/config_dump': (query) => configDumpPage(sources, query.get('proxyID') ?? ''),
});

/** Those that are in sync may be reached in a way nobody meant. */
const remoteStatuses = ({ ingest, networkProblems }: PageSources): readonly RemoteClusterStatus[] =>
  ingest.remoteStatus().map((status) => ({
    ...status,
    message:
      status.message ||
      (status.state === 'synced' && networkProblems().get(status.clusterId)) ||
      '',
  }));

/** What a stranger may see: whether it is ready, and its own metrics. */
export const publicPages = (
  pages: Readonly<Record<string, PageBuilder>>,
): Readonly<Record<string, PageBuilder>> =>
  Object.fromEntries(Object.entries(pages).filter(([path]) => !path.startsWith('/debug/')));

/** Ready also while the API server is away: proxies are served from the last known state. */
const readyPage = ({ isReady, ingest }: PageSources): Page => {
  if (!isReady()) return textPage('waiting for the first complete read of the API server\n', 503);
  const away = ingest.status().filter(({ state }) => state === 'away');
  const lost = ingest.remoteStatus().filter(({ state }) => state !== 'synced');
  const notes = [
    ...(away.length === 0 ? [] : [`no watch of ${away.map(({ kind }) => kind).join(', ')}`]),
    ...lost.map(({ clusterId, state }) => `remote cluster ${clusterId} is ${state}`),
  ];
  return textPage(
    notes.length === 0
      ? 'ready\n'
      : `ready, but serving the last known state: ${notes.join('; ')}\n`,
  );
};

/** Ids of keys, not the keys; `?refresh` fetches all sets anew first. */
const keySetPage = async ({ keySets }: PageSources, isForced: boolean): Promise<Page> => {
  if (isForced) await keySets.refresh();
  return jsonPage(keySets.status());
};

const configDumpPage = async ({ ads }: PageSources, proxyId: string): Promise<Page> => {
  const matches = (connection: Connection): boolean =>
    proxyName(connection) === proxyId || connection.node.id === proxyId;
  const connection = ads.connections.findLast(matches);
  if (connection === undefined)
    return textPage(
      `proxyID "${proxyId}" is not connected; give pod.namespace as in /debug/syncz\n`,
      404,
    );
  return jsonPage(await configDumpJson(connection.stream.snapshot));
};
