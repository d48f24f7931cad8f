import type { TraceSummary } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { goTo, linkTo } from '../app/route.ts';
import { niceCeiling } from '../chart/chart-scale.ts';
import { formatClock } from '../format/moment.ts';
import { formatMs } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';

const width = 1000;
const height = 120;

/** Each trace as a dot, by when and how long; the list below says the same. */
export const TraceScatter = ({ traces }: { traces: readonly TraceSummary[] }): VNode => {
  const starts = traces.map(({ startUs }) => startUs / 1000);
  const from = Math.min(...starts);
  const span = Math.max(1, Math.max(...starts) - from);
  const top = niceCeiling(Math.max(...traces.map(({ durationUs }) => durationUs / 1000)));
  return (
    <section class="card scatter" aria-label={t('trace.overTime')}>
      <svg
        viewBox={`-10 -8 ${width + 20} ${height + 30}`}
        preserveAspectRatio="none"
        role="presentation"
      >
        <line class="chart-grid" x1="0" x2={width} y1={height} y2={height} />
        <line class="chart-grid" x1="0" x2={width} y1="0" y2="0" />
        {traces.map((trace) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list below leads to the same places
          <ellipse
            key={trace.traceId}
            class={`scatter-dot ${trace.errorCount > 0 ? 'tone-bad' : 'tone-accent'}`}
            cx={((trace.startUs / 1000 - from) / span) * width}
            cy={height - (trace.durationUs / 1000 / top) * height}
            rx="4"
            ry="4.5"
            onClick={() => goTo(linkTo('traces', [trace.traceId]))}
          >
            <title>{`${trace.rootName} ${formatMs(trace.durationUs / 1000)}`}</title>
          </ellipse>
        ))}
      </svg>
      <div class="scatter-axis">
        <span>{formatClock(from)}</span>
        <span>{t('trace.upTo', { duration: formatMs(top) })}</span>
        <span>{formatClock(from + span)}</span>
      </div>
    </section>
  );
};
