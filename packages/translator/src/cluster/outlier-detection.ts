import { create } from '@bufbuild/protobuf';
import {
  type OutlierDetection,
  OutlierDetectionSchema,
} from '@lateen/xds/gen/envoy/config/cluster/v3/outlier_detection_pb.js';
import { optionalDuration } from '../envoy/duration.ts';
import type { OutlierDetectionInput } from '../input/traffic-policy.ts';

/** A count of 0 switches that detector off; otherwise it always ejects. */
const enforcing = (count: number): number => (count > 0 ? 100 : 0);

/** Deprecated `consecutiveErrors` counts as 5xx errors when the newer fields are absent. */
const errorCount = (input: OutlierDetectionInput): number | undefined =>
  input.consecutive5xxErrors ??
  (input.consecutiveGatewayErrors === undefined ? input.consecutiveErrors : undefined);

const localOrigin = ({ consecutiveLocalOriginFailures: count }: OutlierDetectionInput) => ({
  splitExternalLocalOriginErrors: true,
  enforcingLocalOriginSuccessRate: 0,
  ...(count
    ? { consecutiveLocalOriginFailure: count, enforcingConsecutiveLocalOriginFailure: 100 }
    : {}),
});

/** DestinationRule outlierDetection as Envoy's; success-rate ejection stays off as in Istio. */
export const outlierDetection = (input: OutlierDetectionInput): OutlierDetection => {
  const errors = errorCount(input);
  const gatewayErrors = input.consecutiveGatewayErrors;
  const interval = optionalDuration(input.interval);
  const baseEjectionTime = optionalDuration(input.baseEjectionTime);
  return create(OutlierDetectionSchema, {
    enforcingSuccessRate: 0,
    ...(errors === undefined
      ? {}
      : { consecutive5xx: errors, enforcingConsecutive5xx: enforcing(errors) }),
    ...(gatewayErrors === undefined
      ? {}
      : {
          consecutiveGatewayFailure: gatewayErrors,
          enforcingConsecutiveGatewayFailure: enforcing(gatewayErrors),
        }),
    ...(interval && { interval }),
    ...(baseEjectionTime && { baseEjectionTime }),
    ...(input.maxEjectionPercent ? { maxEjectionPercent: input.maxEjectionPercent } : {}),
    ...(input.splitExternalLocalOriginErrors === true ? localOrigin(input) : {}),
  });
};
