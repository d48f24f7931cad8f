import type { TrafficSeries } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { LineChart } from '../chart/line-chart.tsx';
import { formatBytes, formatMs, formatNumber } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { Card } from '../view/card.tsx';

/** Requests, latency and bytes of one direction. */
export const TrafficCharts = ({
  title,
  series,
}: {
  title: string;
  series: TrafficSeries;
}): VNode => (
  <div class="grid grid-3">
    <Card title={`${title} · ${t('chart.requests')}`}>
      <LineChart
        title={t('chart.requests')}
        format={formatNumber}
        lines={[
          { name: t('chart.all'), tone: 'accent', series: series.requestsPerSecond },
          { name: t('chart.errors'), tone: 'bad', series: series.errorsPerSecond },
        ]}
      />
    </Card>
    <Card title={`${title} · ${t('chart.latency')}`}>
      <LineChart
        title={t('chart.latency')}
        format={formatMs}
        lines={[
          { name: 'p50', tone: 'ok', series: series.p50Ms },
          { name: 'p95', tone: 'warn', series: series.p95Ms },
          { name: 'p99', tone: 'bad', series: series.p99Ms },
        ]}
      />
    </Card>
    <Card title={`${title} · ${t('chart.bytes')}`}>
      <LineChart
        title={t('chart.bytes')}
        format={formatBytes}
        lines={[
          { name: t('chart.in'), tone: 'tcp', series: series.bytesInPerSecond },
          { name: t('chart.out'), tone: 'accent', series: series.bytesOutPerSecond },
        ]}
      />
    </Card>
  </div>
);
