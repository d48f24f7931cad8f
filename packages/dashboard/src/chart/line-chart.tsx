import type { Series } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatClock } from '../format/moment.ts';
import { nothing } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import {
  areaPath,
  type ChartBox,
  chartRuns,
  chartX,
  chartY,
  largestValue,
  linePath,
  niceCeiling,
} from './chart-scale.ts';
import { useWidth } from './element-width.ts';

/** Colours that lines may have. */
export type Tone = 'accent' | 'bad' | 'ok' | 'warn' | 'tcp' | 'quiet';

/** One line. */
export interface ChartLine {
  readonly name: string;
  readonly tone: Tone;
  readonly series: Series;
}

interface LineChartProps {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  readonly height?: number;
}

const valueAt = ({ series }: ChartLine, ms: number): number | null =>
  series.values[Math.round((ms - series.startMs) / series.stepMs)] ?? null;

const lastValue = ({ series }: ChartLine): number | null =>
  series.values.findLast((value) => value !== null) ?? null;

const rangeOf = (lines: readonly ChartLine[]): { fromMs: number; toMs: number } => {
  const used = lines.filter(({ series }) => series.values.length > 0);
  if (used.length === 0) return { fromMs: 0, toMs: 1 };
  return {
    fromMs: Math.min(...used.map(({ series }) => series.startMs)),
    toMs: Math.max(
      ...used.map(({ series }) => series.startMs + (series.values.length - 1) * series.stepMs),
    ),
  };
};

/** Values over time with a scale, and what they are under the pointer. */
export const LineChart = ({ title, lines, format, height = 116 }: LineChartProps): VNode => {
  const [root, width] = useWidth<HTMLElement>();
  const [cursorMs, setCursor] = useState<number | undefined>(undefined);
  const range = rangeOf(lines);
  const top = niceCeiling(largestValue(lines.map(({ series }) => series)) * 1.05);
  const box: ChartBox = { width, height, top, ...range };
  const onMove = (event: PointerEvent): void => {
    const { left } = (event.currentTarget as Element).getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    setCursor(range.fromMs + share * (range.toMs - range.fromMs));
  };
  return (
    <figure class="chart" ref={root} aria-label={describe(title, lines, format)}>
      <svg
        width={width}
        height={height + 20}
        role="presentation"
        onPointerMove={onMove}
        onPointerLeave={() => setCursor(undefined)}
      >
        <Grid box={box} />
        {lines.map((line) => (
          <Line key={line.name} line={line} box={box} />
        ))}
        <Scale box={box} format={format} />
        {cursorMs === undefined ? null : <Cursor lines={lines} box={box} ms={cursorMs} />}
      </svg>
      <Legend lines={lines} format={format} ms={cursorMs} />
    </figure>
  );
};

const describe = (
  title: string,
  lines: readonly ChartLine[],
  format: (value: number) => string,
): string => {
  const parts = lines.map((line) => {
    const value = lastValue(line);
    return `${line.name} ${value === null ? nothing : format(value)}`;
  });
  return `${title}: ${parts.join(', ')}`;
};

const Line = ({ line, box }: { line: ChartLine; box: ChartBox }): VNode => {
  const runs = chartRuns(line.series, box);
  return (
    <g class={`tone-${line.tone}`}>
      <path class="chart-area" d={areaPath(runs, box.height)} />
      <path class="chart-line" d={linePath(runs)} />
    </g>
  );
};

const Grid = ({ box }: { box: ChartBox }): VNode => (
  <g>
    {[0, 0.5, 1].map((part) => (
      <line
        key={part}
        class="chart-grid"
        x1="0"
        x2={box.width}
        y1={Math.round(box.height * part) + 0.5}
        y2={Math.round(box.height * part) + 0.5}
      />
    ))}
  </g>
);

/** The numbers of the grid, over the lines: what they say must be read where lines cross them too. */
const Scale = ({ box, format }: { box: ChartBox; format: (value: number) => string }): VNode => (
  <g>
    {[0, 0.5].map((part) => (
      <text key={part} x="0" y={box.height * part + 12}>
        {format(box.top * (1 - part))}
      </text>
    ))}
    <text x="0" y={box.height + 16}>
      {box.toMs - box.fromMs > 1 ? formatClock(box.fromMs) : ''}
    </text>
    <text x={box.width} y={box.height + 16} text-anchor="end">
      {box.toMs - box.fromMs > 1 ? formatClock(box.toMs) : ''}
    </text>
  </g>
);

const Cursor = ({
  lines,
  box,
  ms,
}: {
  lines: readonly ChartLine[];
  box: ChartBox;
  ms: number;
}): VNode => {
  const x = chartX(ms, box);
  return (
    <g>
      <line class="chart-cursor" x1={x} x2={x} y1="0" y2={box.height} />
      {lines.map((line) => {
        const value = valueAt(line, ms);
        return value === null ? null : (
          <circle
            key={line.name}
            class={`chart-dot tone-${line.tone}`}
            cx={x}
            cy={chartY(value, box)}
            r="3"
          />
        );
      })}
    </g>
  );
};

const Legend = ({
  lines,
  format,
  ms,
}: {
  lines: readonly ChartLine[];
  format: (value: number) => string;
  ms: number | undefined;
}): VNode => (
  <figcaption class="legend">
    {lines.map((line) => {
      const value = ms === undefined ? lastValue(line) : valueAt(line, ms);
      return (
        <span key={line.name} class={`tone-${line.tone}`}>
          <i aria-hidden="true" />
          {line.name} <b>{value === null ? nothing : format(value)}</b>
        </span>
      );
    })}
    {ms === undefined ? null : <span>{t('chart.at', { time: formatClock(ms) })}</span>}
  </figcaption>
);
