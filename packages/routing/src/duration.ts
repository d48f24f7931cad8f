import type { Duration } from '@bufbuild/protobuf/wkt';

/** Longest wait a timer of the platform can hold, in milliseconds (2^31 - 1). */
const maxMs = 2_147_483_647;

/**
 * A protobuf duration in milliseconds, at least 0. What is greater than 0 stays at least 1, because 0
 * means "none" in every field that takes one.
 */
export const durationMs = (duration: Duration): number => {
  const ms = Number(duration.seconds) * 1000 + duration.nanos / 1e6;
  if (!(ms > 0)) return 0;
  return Math.min(Math.max(1, Math.round(ms)), maxMs);
};

/** The same with a default for an absent field. */
export const durationMsOr = (duration: Duration | undefined, fallbackMs: number): number =>
  duration === undefined ? fallbackMs : durationMs(duration);
