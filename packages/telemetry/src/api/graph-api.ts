import type { Graph, GraphView } from '../contract/graph.ts';
import type { Eyes } from '../eyes.ts';
import { buildGraph } from '../graph/build-graph.ts';
import type { ToldNodes } from '../graph/cluster-nodes.ts';
import type { GraphOptions } from '../graph/graph-options.ts';
import { scrapeIntervalMs } from '../scrape/scraper.ts';
import { ok } from '../server/answer.ts';
import type { ApiRoute } from '../server/route-table.ts';

/** All views. */
export const graphViews: readonly GraphView[] = ['app', 'versionedApp', 'service', 'workload'];

/** Two scrapes, so that there is something between them. */
const minWindowMs = 2 * scrapeIntervalMs;
const maxWindowMs = 3_600_000;
const defaultWindowMs = 60_000;

/** What decides where requests go. */
const routingKinds: ReadonlySet<string> = new Set([
  'VirtualService',
  'DestinationRule',
  'HTTPRoute',
  'GRPCRoute',
  'ServiceEntry',
]);

/** Why metrics cannot be read of the Prometheus that should have them; '' when they can. */
export const metricsProblem = ({ metrics, scraper }: Eyes): string =>
  metrics.url === '' ? '' : scraper.state(metrics.targetOf('')).error;

/** What is worth a banner: proxies that do not answer, a store that is full. */
export const warningsOf = (eyes: Eyes): readonly string[] => {
  const { scraper, store, objects, metrics } = eyes;
  const { total } = scraper.counts;
  const { failing } = scraper;
  const { evicted } = store.use;
  return [
    ...(objects.problem === '' ? [] : [`the Kubernetes API does not answer: ${objects.problem}`]),
    ...(metrics.url === '' && failing > 0
      ? [`${failing} of ${total} proxies cannot be scraped`]
      : []),
    ...(evicted > 0 ? [`the metrics store is full: ${evicted} series were left out`] : []),
  ];
};

/** Another version may speak otherwise. */
const isToldNodes = ({ nodes, idle, gateways, services }: Partial<ToldNodes>): boolean =>
  [nodes, idle, gateways].every(Array.isArray) && typeof services === 'object';

type Shape = Pick<GraphOptions, 'view' | 'namespaces' | 'withServices'>;

/** What the other clusters say of their nodes; what they measured is in the store then. */
const nodesOfOthers = async (
  { peers, peerRounds, metrics }: Eyes,
  { view, namespaces, withServices }: Shape,
): Promise<ReadonlyMap<string, ToldNodes>> => {
  const parameters = new URLSearchParams({
    ...{ view, namespaces: namespaces.join(','), services: String(withServices) },
  });
  const [nodes] = await Promise.all([
    peers.askAll<ToldNodes>(`/nodes?${parameters}`),
    // A Prometheus has what all clusters measured, or should.
    metrics.url === '' ? peerRounds.refresh() : undefined,
  ]);
  return new Map([...nodes].filter(([, told]) => isToldNodes(told)));
};

/** `GET graph`. */
export const graphRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'graph',
    handle: async ({ query }) => {
      const shape = {
        view: query.choice('view', graphViews, 'versionedApp'),
        namespaces: query.list('namespaces'),
        withServices: query.flag('services', false),
      };
      const others = await nodesOfOthers(eyes, shape);
      const nowMs = Math.max(eyes.clock.nowMs(), eyes.store.rounds.newestMs);
      const windowMs = query.duration('window', defaultWindowMs, {
        minMs: minWindowMs,
        maxMs: maxWindowMs,
      });
      const atMs = query.integer('at', nowMs, { min: 0, max: Number.MAX_SAFE_INTEGER });
      const options = {
        ...shape,
        others,
        atMs,
        windowMs,
        hideMoved: !query.flag('moved', windowMs > defaultWindowMs),
        ruleChangedMs: eyes.history.lastChangeMs(routingKinds, atMs),
        activeMs: query.duration('active', maxWindowMs, { minMs: minWindowMs, maxMs: maxWindowMs }),
        withIdle: query.flag('idle', true),
        withSeries: query.flag('series', false),
      };
      return ok({
        ...buildGraph(eyes.store, eyes.model(), options),
        otherClusters: eyes.peers.all().map(({ address: { cluster }, problem }) => ({
          name: cluster,
          dashboard: others.get(cluster)?.dashboard ?? '',
          error: problem,
        })),
        warnings: warningsOf(eyes),
      } satisfies Graph);
    },
  },
];
