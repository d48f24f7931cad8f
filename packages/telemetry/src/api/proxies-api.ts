import type { ProxyList } from '../contract/proxy.ts';
import type { Eyes } from '../eyes.ts';
import { readSyncTable, withScrape } from '../proxies/sync-status.ts';
import { ok } from '../server/answer.ts';
import type { ApiRoute } from '../server/route-table.ts';

/** `GET proxies`. */
export const proxyRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'proxies',
    handle: async () => {
      const { rows, error } = await readSyncTable(eyes.raw, eyes.objects.list('Pod'));
      return ok({
        proxies: rows.map((row) =>
          withScrape(row, eyes.scraper.state(`${row.namespace}/${row.pod}`)),
        ),
        istiodError: error,
      } satisfies ProxyList);
    },
  },
];
