import type { CallOutcome } from './call.ts';

/** gRPC statuses that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const grpcServerErrors: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15']);

/** How a request ended, from the labels of Istio's metrics. Code 0: the client got no answer. */
export const outcomeOf = (responseCode: string, grpcStatus: string): CallOutcome => {
  if (grpcStatus !== '' && grpcStatus !== '0') {
    return grpcServerErrors.has(grpcStatus) ? 'error' : 'client-error';
  }
  if (responseCode === '0' || responseCode.startsWith('5')) return 'error';
  return responseCode.startsWith('4') ? 'client-error' : 'success';
};
