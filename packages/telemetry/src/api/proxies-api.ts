import { resourcePath, resources } from '@lateen/kube';
import { asRecord, type JsonRecord } from '@lateen/xds/json-record';
import type { ProxyList } from '../contract/proxy.ts';
import type { Eyes } from '../eyes.ts';
import { configRows } from '../proxies/config-rows.ts';
import { withoutSecrets } from '../proxies/redaction.ts';
import { readSyncTable, withScrape } from '../proxies/sync-status.ts';
import { ok, problem } from '../server/answer.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { TelemetryError } from '../telemetry-error.ts';

/** Envoy's admin port. */
const adminPort = 15_000;

const parse = (text: string): JsonRecord => {
  try {
    return asRecord(JSON.parse(text));
  } catch (cause) {
    throw new TelemetryError('bad-answer', 'the proxy did not answer with JSON', cause);
  }
};

/** `GET proxies`, `GET proxies/{namespace}/{pod}/config`. */
export const proxyRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'proxies',
    handle: async () => {
      const { rows, error } = await readSyncTable(eyes.raw, eyes.objects.list('Pod'));
      return ok({
        proxies: rows.map((row) =>
          withScrape(row, eyes.scraper.state(eyes.metrics.targetOf(`${row.namespace}/${row.pod}`))),
        ),
        istiodError: error,
      } satisfies ProxyList);
    },
  },
  {
    method: 'GET',
    path: 'proxies/{namespace}/{pod}/config',
    handle: async ({ params, query }) => {
      const { namespace = '', pod = '' } = params;
      if (eyes.objects.get('Pod', pod, namespace) === undefined) {
        return problem('not-found', `there is no pod ${namespace}/${pod}`);
      }
      const admin = `${resourcePath(resources.pods, { namespace, name: pod })}:${adminPort}/proxy`;
      const dump = parse(await eyes.raw.get(`${admin}/config_dump?include_eds`));
      if (query.flag('raw', false)) return ok(withoutSecrets(dump));
      const clusters = parse(await eyes.raw.get(`${admin}/clusters?format=json`));
      return ok(configRows(`${pod}.${namespace}`, dump, clusters));
    },
  },
];
