import type { SlowStart } from '@lateen/routing';
import type { Endpoint } from './endpoint.ts';

/**
 * What part of its weight an endpoint gets while it warms up, 0 to 1 (Envoy's `SlowStartConfig`):
 * `max(time factor ^ (1 / aggression), minimum)`.
 */
export const slowStartFactor = (
  { windowMs, aggression, minWeightPercent }: SlowStart,
  endpoint: Endpoint,
  nowMs: number,
): number => {
  const ageMs = nowMs - endpoint.addedMs;
  if (ageMs >= windowMs) return 1;
  const time = Math.max(1, ageMs) / windowMs;
  return Math.max(aggression === 1 ? time : time ** (1 / aggression), minWeightPercent / 100);
};

/** When the last of these endpoints is warm. */
export const warmAtMs = ({ windowMs }: SlowStart, endpoints: readonly Endpoint[]): number =>
  endpoints.reduce((last, { addedMs }) => Math.max(last, addedMs), 0) + windowMs;
