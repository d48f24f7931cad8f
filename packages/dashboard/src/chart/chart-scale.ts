import type { Series } from '@lateen/telemetry/contract';

/** The next round number at or above a value: 1, 2, 2.5 or 5 times a power of ten. */
export const niceCeiling = (value: number): number => {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((each) => each * power >= value * 0.9999) ?? 10;
  return step * power;
};

/** Largest value of all series; 0 when nothing was measured. */
export const largestValue = (all: readonly Series[]): number =>
  all.reduce(
    (largest, { values }) =>
      values.reduce<number>((most, value) => Math.max(most, value ?? 0), largest),
    0,
  );

/** Size of the drawing. */
export interface ChartBox {
  readonly width: number;
  readonly height: number;
  /** Value at the upper edge. */
  readonly top: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where a moment stands. */
export const chartX = (ms: number, { width, fromMs, toMs }: ChartBox): number =>
  toMs === fromMs ? 0 : ((ms - fromMs) / (toMs - fromMs)) * width;

/** Where a value stands. */
export const chartY = (value: number, { height, top }: ChartBox): number =>
  height - (value / top) * height;

/** Runs of measured values as points; a value that is missing ends a run. */
export const chartRuns = (series: Series, box: ChartBox): (readonly [number, number])[][] => {
  const runs: (readonly [number, number])[][] = [];
  let run: (readonly [number, number])[] = [];
  series.values.forEach((value, index) => {
    if (value === null) {
      if (run.length > 0) runs.push(run);
      run = [];
      return;
    }
    run.push([chartX(series.startMs + index * series.stepMs, box), chartY(value, box)]);
  });
  if (run.length > 0) runs.push(run);
  return runs;
};

const print = (value: number): string => value.toFixed(1);

/** SVG path of the lines. A single value becomes a short dash. */
export const linePath = (runs: readonly (readonly (readonly [number, number])[])[]): string =>
  runs
    .map((run) =>
      run.length === 1
        ? `M${print((run[0]?.[0] ?? 0) - 1.5)} ${print(run[0]?.[1] ?? 0)}h3`
        : `M${run.map(([x, y]) => `${print(x)} ${print(y)}`).join('L')}`,
    )
    .join('');

/** SVG path of the area under the lines. */
export const areaPath = (
  runs: readonly (readonly (readonly [number, number])[])[],
  height: number,
): string =>
  runs
    .filter((run) => run.length > 1)
    .map((run) => {
      const first = run[0]?.[0] ?? 0;
      const last = run.at(-1)?.[0] ?? 0;
      return `M${print(first)} ${height}L${run.map(([x, y]) => `${print(x)} ${print(y)}`).join('L')}L${print(last)} ${height}Z`;
    })
    .join('');
