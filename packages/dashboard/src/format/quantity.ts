/** Printed where nothing was measured. */
export const nothing = '–';

const trim = (value: number, digits: number): string => value.toFixed(digits).replace(/\.?0+$/, '');

/** Three significant digits at most: `0.05`, `1.25`, `12.5`, `125`, `1.25k`, `3.4M`. */
export const formatNumber = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 999_500) return `${trim(value / 1e6, size >= 1e7 ? 1 : 2)}M`;
  if (size >= 9_995) return `${trim(value / 1e3, 1)}k`;
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return trim(value, 1);
  if (size === 0) return '0';
  if (size < 0.005) return '<0.01';
  return trim(value, 2);
};

/** Requests a second: `12.5/s`. */
export const formatRate = (perSecond: number): string => `${formatNumber(perSecond)}/s`;

/** A part of one as percent: `0 %`, `<0.1 %`, `4.2 %`, `50 %`. Null: nothing was measured. */
export const formatShare = (share: number | null): string => {
  if (share === null) return nothing;
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return '<0.1 %';
  if (percent > 99.9 && percent < 100) return '>99.9 %';
  return `${percent >= 9.95 ? percent.toFixed(0) : trim(percent, 1)} %`;
};

/** A time in milliseconds: `0.4 ms`, `12 ms`, `1.25 s`, `2 min`. */
export const formatMs = (ms: number | null): string => {
  if (ms === null) return nothing;
  if (ms >= 90_000) return `${trim(ms / 60_000, 1)} min`;
  if (ms >= 999.5) return `${trim(ms / 1000, 2)} s`;
  if (ms >= 9.95) return `${ms.toFixed(0)} ms`;
  if (ms === 0) return '0 ms';
  return `${trim(ms, ms < 0.095 ? 2 : 1)} ms`;
};

/** A number of bytes: `512 B`, `1.2 kB`, `3.4 MB`. */
export const formatBytes = (bytes: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : trim(value, 1)} ${units[unit]}`;
};
