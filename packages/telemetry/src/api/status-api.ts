import type { NamespaceRow, Status } from '../contract/status.ts';
import type { Eyes } from '../eyes.ts';
import { helloPath } from '../peers/peer.ts';
import type { Hello } from '../peers/peer-routes.ts';
import { isSynced, readSyncTable } from '../proxies/sync-status.ts';
import { scrapeIntervalMs } from '../scrape/scraper.ts';
import { ok } from '../server/answer.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { metricsProblem, warningsOf } from './graph-api.ts';

/** Package version; there is one for all of Lateen. */
const version = '0.1.0';

/** Those of all clusters: one of a name is one namespace, as in Istio. */
const namespacesOfMesh = async ({ model, peers }: Eyes): Promise<readonly NamespaceRow[]> => {
  const hellos = [...(await peers.askAll<Partial<Hello>>(helloPath)).values()];
  const rows = [...model().namespaces, ...hellos.flatMap(({ namespaces = [] }) => namespaces)];
  return [...Map.groupBy(rows, ({ name }) => name)]
    .map(([name, same]) => ({
      name,
      isInjected: same.some(({ isInjected }) => isInjected),
      isControlPlane: same.some(({ isControlPlane }) => isControlPlane),
    }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
};

/** `GET status`. */
export const statusRoutes = (eyes: Eyes, server: string): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'status',
    handle: async ({ canWrite, readOnlyReason }) => {
      const { store, scraper, objects, traces } = eyes;
      const sync = await readSyncTable(eyes.raw, objects.list('Pod'));
      const { use, limits } = store;
      return ok({
        product: 'Lateen',
        version,
        nowMs: eyes.clock.nowMs(),
        startedAtMs: eyes.startedAtMs,
        cluster: eyes.model().cluster,
        namespaces: await namespacesOfMesh(eyes),
        otherClusters: eyes.peers
          .all()
          .map(({ address, problem }) => ({ name: address.cluster, error: problem })),
        access: { canWrite, reason: readOnlyReason, tokenAccepted: eyes.hasToken },
        kubernetes: { ok: objects.problem === '', server, error: objects.problem },
        istiod: { ok: sync.error === '', version: sync.istiodVersion, error: sync.error },
        proxies: {
          total: sync.rows.length,
          synced: sync.rows.filter(isSynced).length,
          scraped: eyes.metrics.url === '' ? scraper.counts.ok : sync.rows.length,
        },
        metrics: {
          source: eyes.metrics.url === '' ? 'embedded' : 'prometheus',
          url: eyes.metrics.url,
          error: metricsProblem(eyes),
          scrapeIntervalMs,
          retentionMs: (limits.rounds - 1) * scrapeIntervalMs,
          series: { used: use.series, limit: limits.maxSeries, evicted: use.evicted },
          bytes: { used: use.bytes, limit: limits.maxBytes, evicted: use.evicted },
        },
        tracing: {
          source: eyes.watched.source.kind,
          url: eyes.watched.source.url,
          error: eyes.watched.problem(),
          ...traces.fill(),
          ...eyes.receiverPorts(),
        },
        warnings: warningsOf(eyes),
      } satisfies Status);
    },
  },
];
