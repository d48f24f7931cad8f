import type { Graph, GraphEdge } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { chosenNamespaces, timeWindow } from '../app/preferences.ts';
import { setQuery } from '../app/route.ts';
import { LineChart } from '../chart/line-chart.tsx';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import {
  formatBytes,
  formatMs,
  formatNumber,
  formatRate,
  formatShare,
} from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { Icon } from '../view/icon.tsx';
import { graphSettings } from './graph-settings.ts';
import { matchOf, type SeriesMatch } from './node-match.ts';
import { useSeries } from './panel-series.ts';

const nameOf = (graph: Graph, id: string): string => {
  const node = graph.nodes.find((each) => each.id === id);
  return node === undefined ? id : [node.name, node.version].filter(Boolean).join(' ');
};

/** All about an edge. */
export const EdgePanel = ({ graph, edge }: { graph: Graph; edge: GraphEdge }): VNode => (
  <>
    <header>
      <span class="panel-kind">
        {edge.protocol} {(edge.mtlsShare ?? 0) >= 0.999 ? <Icon name="lock" size={13} /> : null}
      </span>
      <h2 class="edge-title">
        <button type="button" onClick={() => setQuery({ at: edge.source })}>
          {nameOf(graph, edge.source)}
        </button>
        <Icon name="chevronRight" size={16} />
        <button type="button" onClick={() => setQuery({ at: edge.target })}>
          {nameOf(graph, edge.target)}
        </button>
      </h2>
    </header>
    {edge.protocol === 'tcp' ? <TcpNumbers edge={edge} /> : <HttpNumbers edge={edge} />}
    {edge.protocol === 'tcp' ? <TcpCharts graph={graph} edge={edge} /> : <EdgeCharts edge={edge} />}
    <Shares
      title={t('panel.codes')}
      counts={edge.responseCodes}
      isBad={(code) => /^(5..|0|grpc:(2|4|8|1[0-5]))$/.test(code)}
    />
    <Shares title={t('panel.flags')} counts={withoutDash(edge.responseFlags)} isBad={() => true} />
    <Security edge={edge} />
  </>
);

const withoutDash = (flags: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(flags).filter(([flag]) => flag !== '-' && flag !== ''));

const Stat = ({ name, value, look }: { name: string; value: string; look?: string }): VNode => (
  <div class="stat">
    <dt>{name}</dt>
    <dd class={look}>{value}</dd>
  </div>
);

const HttpNumbers = ({ edge }: { edge: GraphEdge }): VNode => (
  <dl class="stats">
    <Stat name={t('table.rate')} value={formatRate(edge.requestsPerSecond)} />
    <Stat name={t('table.share')} value={formatShare(edge.share)} />
    <Stat
      name={t('table.errors')}
      value={formatShare(edge.errorShare)}
      look={(edge.errorShare ?? 0) > 0 ? 'text-bad' : ''}
    />
    <Stat name="p50" value={formatMs(edge.p50Ms)} />
    <Stat name="p95" value={formatMs(edge.p95Ms)} />
    <Stat name="p99" value={formatMs(edge.p99Ms)} />
  </dl>
);

const TcpNumbers = ({ edge }: { edge: GraphEdge }): VNode => (
  <dl class="stats">
    <Stat name={t('panel.sent')} value={`${formatBytes(edge.bytesPerSecondOut)}/s`} />
    <Stat name={t('panel.received')} value={`${formatBytes(edge.bytesPerSecondIn)}/s`} />
    <Stat name={t('panel.connections')} value={formatRate(edge.connectionsPerSecond)} />
  </dl>
);

/** Bytes both ways, as the caller's proxy counts them. */
const TcpCharts = ({ graph, edge }: { graph: Graph; edge: GraphEdge }): VNode | null => {
  const source = graph.nodes.find(({ id }) => id === edge.source);
  const target = graph.nodes.find(({ id }) => id === edge.target);
  if (source === undefined || target === undefined) return null;
  return <ByteChart match={[...matchOf(source, 'source'), ...matchOf(target, 'destination')]} />;
};

const ByteChart = ({ match }: { match: SeriesMatch }): VNode => {
  const own = ['reporter=source', ...match];
  const sent = useSeries('istio_tcp_sent_bytes_total', 'rate', own);
  const received = useSeries('istio_tcp_received_bytes_total', 'rate', own);
  return (
    <>
      <h3>{t('chart.bytes')}</h3>
      <LineChart
        title={t('chart.bytes')}
        height={72}
        format={formatBytes}
        lines={[
          // Istio counts from the server's side: what it sent is what the caller received.
          { name: t('panel.received'), tone: 'tcp', series: sent },
          { name: t('panel.sent'), tone: 'accent', series: received },
        ]}
      />
    </>
  );
};

/** The answer without series is on the page already; this one adds the series of this edge. */
const EdgeCharts = ({ edge }: { edge: GraphEdge }): VNode | null => {
  const { view, showsServices } = graphSettings.value;
  const path = withQuery('graph', {
    view,
    window: timeWindow.value,
    namespaces: chosenNamespaces.value.join(','),
    services: showsServices && view !== 'service' ? 'true' : undefined,
    series: 'true',
  });
  const resource = useResource<Graph>(path, ['metrics'], { keep: true });
  const series = resource.value?.edges.find(({ id }) => id === edge.id)?.series;
  if (series === undefined) return <div class="chart-room" />;
  return (
    <>
      <h3>{t('chart.requests')}</h3>
      <LineChart
        title={t('chart.requests')}
        height={72}
        format={formatNumber}
        lines={[
          { name: t('chart.all'), tone: 'accent', series: series.requestsPerSecond },
          { name: t('chart.errors'), tone: 'bad', series: series.errorsPerSecond },
        ]}
      />
      <h3>{t('chart.latency')}</h3>
      <LineChart
        title={t('chart.latency')}
        height={72}
        format={formatMs}
        lines={[{ name: 'p95', tone: 'warn', series: series.p95Ms }]}
      />
    </>
  );
};

const Shares = ({
  title,
  counts,
  isBad,
}: {
  title: string;
  counts: Readonly<Record<string, number>>;
  isBad: (key: string) => boolean;
}): VNode | null => {
  const rows = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="shares">
        {rows.map(([key, count]) => (
          <li key={key} class={isBad(key) ? 'tone-bad' : 'tone-ok'}>
            <code>{key === '0' ? t('panel.noAnswer') : key}</code>
            <span class="meter">
              <i style={{ width: `${(count / total) * 100}%` }} />
            </span>
            <span class="number">{formatNumber(count)}</span>
          </li>
        ))}
      </ul>
    </>
  );
};

const Security = ({ edge }: { edge: GraphEdge }): VNode => (
  <>
    <h3>{t('panel.security')}</h3>
    <dl class="facts">
      <dt>mTLS</dt>
      <dd>{edge.mtlsShare === null ? t('panel.unknown') : formatShare(edge.mtlsShare)}</dd>
      {edge.sourcePrincipals.length === 0 ? null : (
        <>
          <dt>{t('table.from')}</dt>
          <dd class="mono">{edge.sourcePrincipals.join(' ')}</dd>
        </>
      )}
      {edge.targetPrincipals.length === 0 ? null : (
        <>
          <dt>{t('table.to')}</dt>
          <dd class="mono">{edge.targetPrincipals.join(' ')}</dd>
        </>
      )}
      {edge.hosts.length === 0 ? null : (
        <>
          <dt>{t('panel.hosts')}</dt>
          <dd class="mono">{edge.hosts.join(' ')}</dd>
        </>
      )}
    </dl>
  </>
);
