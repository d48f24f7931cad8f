const two = (value: number): string => String(value).padStart(2, '0');

/** Local time of day: `15:04:05`. */
export const formatClock = (epochMs: number): string => {
  const at = new Date(epochMs);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
};

/** Local time of day with milliseconds: `15:04:05.123`. */
export const formatClockMs = (epochMs: number): string =>
  `${formatClock(epochMs)}.${String(Math.floor(epochMs) % 1000).padStart(3, '0')}`;

/** Local date and time: `2026-11-21 15:04`. */
export const formatDate = (epochMs: number): string => {
  const at = new Date(epochMs);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}`;
};

/** How long ago, as kubectl prints ages: `42s`, `5m`, `3h`, `2d`. */
export const formatAge = (epochMs: number, nowMs: number): string => {
  const seconds = Math.max(0, Math.round((nowMs - epochMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
};
