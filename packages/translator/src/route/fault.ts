import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@lateen/xds';
import { HTTPFaultSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { duration } from '../envoy/duration.ts';
import { fractionalPercent } from '../envoy/percent.ts';
import type { Fault, Percent } from '../input/virtual-service.ts';

/** Filter name, also the key of its per-route config. */
export const faultFilter = 'envoy.filters.http.fault';

/** Absent means never, as in Istio; `percent` is the old whole-number field. */
const shareOf = (percentage: Percent | undefined, percent: number | undefined) =>
  fractionalPercent(percentage?.value ?? percent ?? 0);

/** gRPC status codes by name, as `grpcStatus` may be written. */
const grpcStatusNames: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

const abortError = ({ httpStatus, grpcStatus }: NonNullable<Fault['abort']>) => {
  if (grpcStatus) {
    const named = grpcStatusNames.indexOf(grpcStatus.toUpperCase());
    const code = named >= 0 ? named : Number(grpcStatus);
    return { case: 'grpcStatus', value: Number.isInteger(code) ? Math.max(code, 0) : 2 } as const;
  }
  return httpStatus === undefined
    ? undefined
    : ({ case: 'httpStatus', value: httpStatus } as const);
};

/** Per-route config of the fault filter. Undefined when the rule injects nothing. */
export const faultConfig = ({ delay, abort }: Fault): Any | undefined => {
  const errorType = abort && abortError(abort);
  if (delay?.fixedDelay === undefined && errorType === undefined) return undefined;
  return packAny(
    HTTPFaultSchema,
    create(HTTPFaultSchema, {
      ...(delay?.fixedDelay !== undefined && {
        delay: {
          faultDelaySecifier: { case: 'fixedDelay', value: duration(delay.fixedDelay) },
          percentage: shareOf(delay.percentage, delay.percent),
        },
      }),
      ...(errorType && { abort: { errorType, percentage: shareOf(abort?.percentage, undefined) } }),
    }),
  );
};
