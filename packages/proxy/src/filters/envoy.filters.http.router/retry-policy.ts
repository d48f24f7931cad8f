import type { RetryPolicy } from '@lateen/routing';
import type { UpstreamFailure } from '../../http/upstream-connection.ts';
import type { MessageHead } from '../../http1/head-parser.ts';

const gatewayErrors: ReadonlySet<number> = new Set([502, 503, 504]);

/** Words of `retry_on` that look at a gRPC status, by status. */
const grpcWords: Readonly<Record<string, string>> = {
  '1': 'cancelled',
  '4': 'deadline-exceeded',
  '8': 'resource-exhausted',
  '13': 'internal',
  '14': 'unavailable',
};

const retriesStatus = ({ retryOn, retriableStatusCodes }: RetryPolicy, status: number): boolean =>
  (status >= 500 && retryOn.has('5xx')) ||
  (gatewayErrors.has(status) && retryOn.has('gateway-error')) ||
  (status === 409 && retryOn.has('retriable-4xx')) ||
  (retryOn.has('retriable-status-codes') && retriableStatusCodes.has(status));

const retriesGrpc = ({ retryOn }: RetryPolicy, status: string | undefined): boolean => {
  const word = status === undefined ? undefined : grpcWords[status];
  return word !== undefined && retryOn.has(word);
};

/** Whether an answer may be thrown away and asked for again (`x-envoy-retry-on` words). */
export const retriesResponse = (policy: RetryPolicy, response: MessageHead): boolean =>
  retriesStatus(policy, response.status) ||
  retriesGrpc(policy, response.get('grpc-status')) ||
  (policy.retryOn.has('retriable-headers') &&
    policy.retriableHeaders.some(({ name, matches }) => matches(response.get(name))));

/** Whether a failed connection may be tried again. `sent`: the request may have reached the upstream. */
export const retriesFailure = (
  policy: RetryPolicy,
  failure: UpstreamFailure | 'timeout',
  sent: boolean,
): boolean => {
  const { retryOn } = policy;
  if (failure === 'overflow') return false;
  if (failure === 'timeout') return retryOn.has('5xx') || retryOn.has('gateway-error');
  if (failure === 'refused-stream' && retryOn.has('refused-stream')) return true;
  const isReset = !failure.startsWith('connect-');
  if (!isReset) {
    return (
      retryOn.has('connect-failure') ||
      retryOn.has('5xx') ||
      retryOn.has('gateway-error') ||
      retryOn.has('reset') ||
      retryOn.has('reset-before-request')
    );
  }
  if (retryOn.has('reset') || retryOn.has('5xx') || retryOn.has('gateway-error')) return true;
  return !sent && retryOn.has('reset-before-request');
};

/** Fully jittered exponential back-off (Envoy's `JitteredExponentialBackOffStrategy`). */
export const retryDelayMs = (
  policy: RetryPolicy,
  retry: number,
  dice: (limit: number) => number,
): number => {
  const most = Math.min(policy.backoffBaseMs * 2 ** retry, policy.backoffMaxMs);
  return dice(Math.max(1, Math.ceil(most)));
};
