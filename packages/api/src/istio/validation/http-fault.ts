import type { FaultAbort, FaultDelay, HttpFault } from '../http-route.ts';
import { checkDuration, checkPercent, checkPercentMessage } from './field.ts';
import { deprecated, doubtful, type Findings, ifPresent, invalid, missing } from './finding.ts';
import { checkHttpStatus } from './http-action.ts';

const grpcStatuses: ReadonlySet<string> = new Set([
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

const checkShare = (fault: FaultDelay | FaultAbort, path: string): Findings => {
  const { percent, percentage } = fault;
  const found = [];
  if (percent !== undefined)
    found.push(deprecated(`${path}.percent`, 'percent is deprecated: use percentage.value'));
  else if (percentage?.value === undefined)
    found.push(
      doubtful(`${path}.percentage`, 'without percentage.value the fault is never injected'),
    );
  return [
    ...found,
    ...checkPercent(percent, `${path}.percent`),
    ...checkPercentMessage(percentage, `${path}.percentage`),
  ];
};

const checkDelay = (delay: FaultDelay, path: string): Findings => {
  const { fixedDelay, exponentialDelay } = delay;
  const found = [];
  if (fixedDelay === undefined && exponentialDelay === undefined)
    found.push(missing(`${path}.fixedDelay`, 'a delay needs a duration such as 7s'));
  if (exponentialDelay !== undefined)
    found.push(doubtful(`${path}.exponentialDelay`, 'Istio does not implement it: use fixedDelay'));
  return [
    ...found,
    ...checkDuration(fixedDelay, `${path}.fixedDelay`),
    ...checkDuration(exponentialDelay, `${path}.exponentialDelay`),
    ...checkShare(delay, path),
  ];
};

const checkAbort = (abort: FaultAbort, path: string): Findings => {
  const { httpStatus, grpcStatus, http2Error } = abort;
  const found = [];
  if (httpStatus === undefined && grpcStatus === undefined && http2Error === undefined)
    found.push(missing(`${path}.httpStatus`, 'an abort needs httpStatus or grpcStatus'));
  if (http2Error !== undefined)
    found.push(invalid(`${path}.http2Error`, 'HTTP/2 aborts are not supported: use httpStatus'));
  if (grpcStatus !== undefined && !grpcStatuses.has(grpcStatus))
    found.push(invalid(`${path}.grpcStatus`, `"${grpcStatus}" is not a gRPC status name`));
  return [
    ...found,
    ...ifPresent(httpStatus, (status) => checkHttpStatus(status, `${path}.httpStatus`)),
    ...checkShare(abort, path),
  ];
};

/** Injected faults: what, and for which share of requests. */
export const checkFault = ({ delay, abort }: HttpFault, path: string): Findings =>
  delay === undefined && abort === undefined
    ? [missing(path, 'fault must have a delay, an abort or both')]
    : [
        ...ifPresent(delay, (one) => checkDelay(one, `${path}.delay`)),
        ...ifPresent(abort, (one) => checkAbort(one, `${path}.abort`)),
      ];
