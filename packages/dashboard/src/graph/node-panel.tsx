import type { Graph, GraphEdge, GraphNode } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { linkTo, setQuery } from '../app/route.ts';
import { LineChart } from '../chart/line-chart.tsx';
import {
  formatBytes,
  formatMs,
  formatNumber,
  formatRate,
  formatShare,
} from '../format/quantity.ts';
import { reasonText } from '../i18n/health-reason.ts';
import { t } from '../i18n/translate.ts';
import { HealthMark } from '../view/feedback.tsx';
import { graphSettings } from './graph-settings.ts';
import { nodeMatch, zeroWhereMissing } from './node-match.ts';
import { useSeries } from './panel-series.ts';

/** Where the page about a node is; undefined for what has none. */
const pageOf = (node: GraphNode): string | undefined => {
  // A host is not the name of the object that lets it in.
  if (node.kind === 'external')
    return node.flags.isServiceEntry ? linkTo('config', [], { kind: 'ServiceEntry' }) : undefined;
  if (node.kind === 'service' && node.service !== undefined)
    return linkTo('services', [node.namespace, node.service]);
  if (node.workload !== undefined && node.namespace !== '')
    return linkTo('workloads', [node.namespace, node.workload]);
  if (node.service !== undefined && node.namespace !== '')
    return linkTo('services', [node.namespace, node.service]);
  return undefined;
};

/** The same in the dashboard of the node's cluster; undefined while that one does not answer. */
const pageIn = ({ otherClusters = [] }: Graph, node: GraphNode): string | undefined => {
  const page = pageOf(node);
  const other = otherClusters.find(({ name }) => name === node.cluster);
  if (other === undefined || page === undefined) return page;
  return other.dashboard === '' ? undefined : `${other.dashboard}/${page}`;
};

/** All about a node. */
export const NodePanel = ({ graph, node }: { graph: Graph; node: GraphNode }): VNode => {
  const page = pageIn(graph, node);
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
      {hasRequests(node) ? <NodeCharts node={node} /> : null}
      <Neighbours graph={graph} node={node} direction="in" />
      <Neighbours graph={graph} node={node} direction="out" />
      <Flags node={node} />
      {page === undefined ? null : (
        <p class="panel-links">
          <a class="button button-plain" href={page}>
            {t('panel.open')}
          </a>
          {node.kind === 'external' || (node.service ?? node.app) === undefined ? null : (
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

/** Whether there is anything to draw: connections that only carry bytes are drawn with their lines. */
const hasRequests = ({ kind, traffic }: GraphNode): boolean =>
  kind !== 'unknown' && traffic.inRequestsPerSecond + traffic.outRequestsPerSecond > 0;

const Reasons = ({ node }: { node: GraphNode }): VNode | null =>
  node.health.reasons.length === 0 ? null : (
    <ul class={`reasons reasons-${node.health.state}`}>
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
  const { view, showsServices } = graphSettings.value;
  const match = nodeMatch(node, view === 'service' || showsServices);
  const requests = useSeries('istio_requests_total', 'rate', match);
  const failed = [...match, 'response_code=~5..|0'];
  const errors = zeroWhereMissing(useSeries('istio_requests_total', 'rate', failed), requests);
  const p50 = useSeries('istio_request_duration_milliseconds', 'p50', match);
  const p95 = useSeries('istio_request_duration_milliseconds', 'p95', match);
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
                {edge.protocol === 'tcp'
                  ? `${formatBytes(edge.bytesPerSecondOut + edge.bytesPerSecondIn)}/s`
                  : formatRate(edge.requestsPerSecond)}
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
