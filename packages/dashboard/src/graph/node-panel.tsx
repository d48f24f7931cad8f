import type {
  Graph,
  GraphEdge,
  GraphNode,
  MetricsAnswer,
  Series,
} from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { timeWindow } from '../app/preferences.ts';
import { linkTo, setQuery } from '../app/route.ts';
import { LineChart } from '../chart/line-chart.tsx';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { formatMs, formatNumber, formatRate, formatShare } from '../format/quantity.ts';
import { reasonText } from '../i18n/health-reason.ts';
import { t } from '../i18n/translate.ts';
import { HealthMark } from '../view/feedback.tsx';

const nothingMeasured: Series = { startMs: 0, stepMs: 1, values: [] };

/** Where the page about a node is; undefined for what has none. */
const pageOf = (node: GraphNode): string | undefined => {
  if (node.kind === 'service' && node.service !== undefined)
    return linkTo('services', [node.namespace, node.service]);
  if (node.workload !== undefined && node.namespace !== '')
    return linkTo('workloads', [node.namespace, node.workload]);
  if (node.service !== undefined && node.namespace !== '')
    return linkTo('services', [node.namespace, node.service]);
  return undefined;
};

/** Labels of Istio's metrics that pick a node out as a destination. */
const matchOf = (node: GraphNode): readonly string[] => {
  if (node.workload !== undefined)
    return [
      `destination_workload=${node.workload}`,
      `destination_workload_namespace=${node.namespace}`,
    ];
  if (node.kind === 'service')
    return [
      `destination_service_name=${node.service ?? node.name}`,
      `destination_service_namespace=${node.namespace}`,
    ];
  return [
    `destination_app=${node.app ?? node.name}`,
    `destination_workload_namespace=${node.namespace}`,
  ];
};

const seriesPath = (
  node: GraphNode,
  metric: string,
  fn: string,
  more: readonly string[] = [],
): string => {
  const toMs = Date.now();
  return withQuery('metrics/query', {
    metric,
    fn,
    match: ['reporter=destination', ...matchOf(node), ...more],
    from: toMs - Math.max(5, Number.parseInt(timeWindow.value, 10)) * 60_000,
  });
};

const useSeries = (path: string): Series => {
  // The beginning of the window moves on at every look; the answer is asked for again only with news.
  const stable = path.replace(/&from=\d+/, '');
  const resource = useResource<MetricsAnswer>(stable, ['metrics'], { keep: true });
  return resource.value?.series[0] ?? nothingMeasured;
};

/** All about a node. */
export const NodePanel = ({ graph, node }: { graph: Graph; node: GraphNode }): VNode => {
  const page = pageOf(node);
  return (
    <>
      <header>
        <span class="panel-kind">{t(`node.${node.kind}`)}</span>
        <h2>
          {node.name} {node.version === undefined ? null : <span class="tag">{node.version}</span>}
        </h2>
        <p class="text-quiet">
          {[node.namespace, node.cluster].filter((part) => part !== '').join(' · ')}
        </p>
        <HealthMark health={node.health} />
      </header>
      <Reasons node={node} />
      <Numbers node={node} />
      {node.kind === 'unknown' ? null : <NodeCharts node={node} />}
      <Neighbours graph={graph} node={node} direction="in" />
      <Neighbours graph={graph} node={node} direction="out" />
      <Flags node={node} />
      {page === undefined ? null : (
        <p class="panel-links">
          <a class="button button-plain" href={page}>
            {t('panel.open')}
          </a>
          {node.service === undefined && node.app === undefined ? null : (
            <a
              class="button button-plain"
              href={linkTo('traces', [], {
                service: `${node.app ?? node.service}.${node.namespace}`,
              })}
            >
              {t('nav.traces')}
            </a>
          )}
        </p>
      )}
    </>
  );
};

const Reasons = ({ node }: { node: GraphNode }): VNode | null =>
  node.health.reasons.length === 0 ? null : (
    <ul class="reasons">
      {node.health.reasons.map((reason) => (
        <li key={reason.code}>{reasonText(reason)}</li>
      ))}
    </ul>
  );

const Numbers = ({ node: { traffic } }: { node: GraphNode }): VNode => (
  <dl class="stats">
    <div class="stat">
      <dt>{t('panel.in')}</dt>
      <dd>{formatRate(traffic.inRequestsPerSecond)}</dd>
    </div>
    <div class="stat">
      <dt>{t('panel.out')}</dt>
      <dd>{formatRate(traffic.outRequestsPerSecond)}</dd>
    </div>
    <div class="stat">
      <dt>{t('table.errors')}</dt>
      <dd class={(traffic.inErrorShare ?? 0) > 0 ? 'text-bad' : ''}>
        {formatShare(traffic.inErrorShare)}
      </dd>
    </div>
  </dl>
);

const NodeCharts = ({ node }: { node: GraphNode }): VNode => {
  const requests = useSeries(seriesPath(node, 'istio_requests_total', 'rate'));
  const errors = useSeries(
    seriesPath(node, 'istio_requests_total', 'rate', ['response_code=~5..|0']),
  );
  const p50 = useSeries(seriesPath(node, 'istio_request_duration_milliseconds', 'p50'));
  const p95 = useSeries(seriesPath(node, 'istio_request_duration_milliseconds', 'p95'));
  return (
    <>
      <h3>{t('chart.requests')}</h3>
      <LineChart
        title={t('chart.requests')}
        height={72}
        format={formatNumber}
        lines={[
          { name: t('chart.all'), tone: 'accent', series: requests },
          { name: t('chart.errors'), tone: 'bad', series: errors },
        ]}
      />
      <h3>{t('chart.latency')}</h3>
      <LineChart
        title={t('chart.latency')}
        height={72}
        format={formatMs}
        lines={[
          { name: 'p50', tone: 'ok', series: p50 },
          { name: 'p95', tone: 'warn', series: p95 },
        ]}
      />
    </>
  );
};

const nodeLabel = (graph: Graph, id: string): string => {
  const node = graph.nodes.find((each) => each.id === id);
  return node === undefined ? id : [node.name, node.version].filter(Boolean).join(' ');
};

const Neighbours = ({
  graph,
  node,
  direction,
}: {
  graph: Graph;
  node: GraphNode;
  direction: 'in' | 'out';
}): VNode | null => {
  const isIn = direction === 'in';
  const other = (edge: GraphEdge): string => (isIn ? edge.source : edge.target);
  const edges = graph.edges
    .filter((edge) => (isIn ? edge.target : edge.source) === node.id)
    .sort((a, b) => b.requestsPerSecond - a.requestsPerSecond)
    .slice(0, 12);
  if (edges.length === 0) return null;
  return (
    <>
      <h3>{t(isIn ? 'panel.callers' : 'panel.callees')}</h3>
      <ul class="neighbours">
        {edges.map((edge) => (
          <li key={edge.id}>
            <button type="button" onClick={() => setQuery({ at: edge.id })}>
              <span>{nodeLabel(graph, other(edge))}</span>
              <span class="number">
                {edge.protocol === 'tcp' ? 'tcp' : formatRate(edge.requestsPerSecond)}
              </span>
              <span class={`number${(edge.errorShare ?? 0) > 0 ? ' text-bad' : ''}`}>
                {formatShare(edge.errorShare)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
};

const flagNames = [
  'hasVirtualService',
  'hasDestinationRule',
  'hasTrafficShifting',
  'hasFaultInjection',
  'hasTimeouts',
  'hasMirroring',
  'hasCircuitBreaker',
  'isMissingProxy',
  'isServiceEntry',
  'isDead',
] as const;

const Flags = ({ node }: { node: GraphNode }): VNode | null => {
  const set = flagNames.filter((name) => node.flags[name]);
  if (set.length === 0) return null;
  return (
    <p class="tags panel-flags">
      {set.map((name) => (
        <span key={name} class="tag">
          {t(`flag.${name}`)}
        </span>
      ))}
    </p>
  );
};
