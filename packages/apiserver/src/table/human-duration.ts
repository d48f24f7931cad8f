const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

interface DurationStep {
  /** Durations below this use the step. */
  readonly belowMs: number;
  readonly unitMs: number;
  readonly unit: string;
  /** The smaller unit shown beside it when it is not zero. */
  readonly restMs?: number;
  readonly rest?: string;
}

const steps: readonly DurationStep[] = [
  { belowMs: 2 * minuteMs, unitMs: secondMs, unit: 's' },
  { belowMs: 10 * minuteMs, unitMs: minuteMs, unit: 'm', restMs: secondMs, rest: 's' },
  { belowMs: 3 * hourMs, unitMs: minuteMs, unit: 'm' },
  { belowMs: 8 * hourMs, unitMs: hourMs, unit: 'h', restMs: minuteMs, rest: 'm' },
  { belowMs: 2 * dayMs, unitMs: hourMs, unit: 'h' },
  { belowMs: 8 * dayMs, unitMs: dayMs, unit: 'd', restMs: hourMs, rest: 'h' },
  { belowMs: 730 * dayMs, unitMs: dayMs, unit: 'd' },
  { belowMs: 2920 * dayMs, unitMs: 365 * dayMs, unit: 'y', restMs: dayMs, rest: 'd' },
  { belowMs: Number.POSITIVE_INFINITY, unitMs: 365 * dayMs, unit: 'y' },
];

/** A duration as kubectl prints it (apimachinery `duration.HumanDuration`): `36s`, `3m38s`, `144m`, `22h`, `5d2h`. */
export const humanDuration = (durationMs: number): string => {
  if (durationMs <= -2 * secondMs) return '<invalid>';
  if (durationMs < 0) return '0s';
  const step = steps.find(({ belowMs }) => durationMs < belowMs);
  if (step === undefined) return '<invalid>';
  const whole = `${Math.floor(durationMs / step.unitMs)}${step.unit}`;
  if (step.restMs === undefined) return whole;
  const rest = Math.floor((durationMs % step.unitMs) / step.restMs);
  return rest === 0 ? whole : `${whole}${rest}${step.rest}`;
};

/** Time passed since an RFC 3339 time; `<unknown>` without one, `<invalid>` when it is no time. */
export const humanAge = (time: string | null | undefined, nowMs: number): string => {
  if (time === undefined || time === null || time === '') return '<unknown>';
  const startMs = Date.parse(time);
  return Number.isNaN(startMs) ? '<invalid>' : humanDuration(nowMs - startMs);
};
