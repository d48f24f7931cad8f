/** A clock that was set by more than this is followed; less is drift that spans of one machine must not show. */
const maxDriftMs = 20;
/** How often the clocks are compared. */
const compareEveryMs = 1_000;

let originMs = performance.timeOrigin;
let comparedMs = 0;

/**
 * Milliseconds since the epoch, with fractions, of a moment of the monotonic clock. Finer than the wall clock, and
 * right again soon after a machine slept or its clock was set.
 */
export const wallMs = (monotonicMs: number): number => {
  if (monotonicMs - comparedMs > compareEveryMs) {
    const now = performance.now();
    const difference = Date.now() - (originMs + now);
    if (Math.abs(difference) > maxDriftMs) originMs += difference;
    comparedMs = now;
  }
  return originMs + monotonicMs;
};
