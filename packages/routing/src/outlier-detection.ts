import type { OutlierDetection as Message } from '@lateen/xds/gen/envoy/config/cluster/v3/outlier_detection_pb.js';
import type { OutlierDetection } from './cluster-table.ts';
import { durationMs, durationMsOr } from './duration.ts';

/** Envoy's defaults: milliseconds, percent, counts. */
const defaults: OutlierDetection = {
  consecutive5xx: 5,
  enforcingConsecutive5xx: 100,
  consecutiveGatewayFailure: 5,
  enforcingConsecutiveGatewayFailure: 0,
  splitExternalLocalOriginErrors: false,
  consecutiveLocalOriginFailure: 5,
  enforcingConsecutiveLocalOriginFailure: 100,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 10,
  enforcingSuccessRate: 100,
  successRateMinimumHosts: 5,
  successRateRequestVolume: 100,
  successRateStdevFactor: 1900,
  failurePercentageThreshold: 85,
  enforcingFailurePercentage: 0,
  failurePercentageMinimumHosts: 5,
  failurePercentageRequestVolume: 50,
};

const compileTimes = (message: Message) => {
  const baseEjectionTimeMs = durationMsOr(message.baseEjectionTime, defaults.baseEjectionTimeMs);
  // Envoy: without a maximum, it is the greater of its default and the base.
  const maxEjectionTimeMs =
    message.maxEjectionTime === undefined
      ? Math.max(defaults.maxEjectionTimeMs, baseEjectionTimeMs)
      : durationMs(message.maxEjectionTime);
  const intervalMs = durationMsOr(message.interval, defaults.intervalMs);
  return { intervalMs, baseEjectionTimeMs, maxEjectionTimeMs };
};

/** The fields that are numbers in both, under the same name. */
const numbers = [
  'consecutive5xx',
  'enforcingConsecutive5xx',
  'consecutiveGatewayFailure',
  'enforcingConsecutiveGatewayFailure',
  'consecutiveLocalOriginFailure',
  'enforcingConsecutiveLocalOriginFailure',
  'maxEjectionPercent',
  'enforcingSuccessRate',
  'successRateMinimumHosts',
  'successRateRequestVolume',
  'successRateStdevFactor',
  'failurePercentageThreshold',
  'enforcingFailurePercentage',
  'failurePercentageMinimumHosts',
  'failurePercentageRequestVolume',
] as const;

/** Compiles outlier detection; absent: nothing is ejected. */
export const compileOutlierDetection = (
  message: Message | undefined,
): OutlierDetection | undefined => {
  if (message === undefined) return undefined;
  const given = Object.fromEntries(
    numbers.flatMap((name) => (message[name] === undefined ? [] : [[name, message[name]]])),
  );
  return {
    ...defaults,
    ...given,
    splitExternalLocalOriginErrors: message.splitExternalLocalOriginErrors,
    ...compileTimes(message),
  };
};
