import type { TraceSummary } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { goTo, linkTo } from '../app/route.ts';
import { niceCeiling } from '../chart/chart-scale.ts';
import { useWidth } from '../chart/element-width.ts';
import { formatClock } from '../format/moment.ts';
import { formatMs } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';

const height = 104;
/** Left of the dots: room for the scale. */
const axisPx = 56;

/** Each trace as a dot, by when and how long; the list below says the same. */
export const TraceScatter = ({ traces }: { traces: readonly TraceSummary[] }): VNode => {
  const [root, width] = useWidth<HTMLDivElement>();
  const starts = traces.map(({ startUs }) => startUs / 1000);
  const from = Math.min(...starts);
  const span = Math.max(1, Math.max(...starts) - from);
  const top = niceCeiling(Math.max(...traces.map(({ durationUs }) => durationUs / 1000)));
  return (
    <section class="card scatter" aria-label={t('trace.overTime')}>
      <div ref={root}>
        <svg
          width={width}
          height={height + 14}
          viewBox={`0 -7 ${width} ${height + 14}`}
          role="presentation"
        >
          <line class="chart-grid" x1="0" x2={width} y1={height} y2={height} />
          <line class="chart-grid" x1="0" x2={width} y1={height / 2} y2={height / 2} />
          <line class="chart-grid" x1="0" x2={width} y1="0" y2="0" />
          <text x="0" y="12">
            {formatMs(top)}
          </text>
          <text x="0" y={height / 2 + 12}>
            {formatMs(top / 2)}
          </text>
          {traces.map((trace) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list below leads to the same places
            <circle
              key={trace.traceId}
              class={`scatter-dot ${trace.errorCount > 0 ? 'tone-bad' : 'tone-accent'}`}
              cx={((trace.startUs / 1000 - from) / span) * (width - axisPx - 6) + axisPx}
              cy={height - (trace.durationUs / 1000 / top) * height}
              r="4.5"
              onClick={() => goTo(linkTo('traces', [trace.traceId]))}
            >
              <title>{`${trace.rootName} ${formatMs(trace.durationUs / 1000)}`}</title>
            </circle>
          ))}
        </svg>
      </div>
      <div class="scatter-axis">
        <span style={{ marginLeft: axisPx }}>{formatClock(from)}</span>
        <span>{formatClock(from + span)}</span>
      </div>
    </section>
  );
};
