import type { RetryPolicy as RetryPolicyMessage } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { RetryPolicy } from './decision.ts';
import { durationMs, durationMsOr } from './duration.ts';
import type { Findings } from './findings.ts';
import { compileHeaderCondition } from './header-condition.ts';

/** Envoy's base interval when none is given. */
const defaultBackoffMs = 25;
/** The maximum interval when none is given, as a multiple of the base. */
const defaultMaxFactor = 10;

const words = (text: string): readonly string[] =>
  text
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '');

const backoff = (message: RetryPolicyMessage, findings: Findings, path: string) => {
  const base = message.retryBackOff?.baseInterval;
  const backoffBaseMs = base === undefined ? defaultBackoffMs : Math.max(1, durationMs(base));
  const max = message.retryBackOff?.maxInterval;
  const backoffMaxMs = durationMsOr(max, backoffBaseMs * defaultMaxFactor);
  if (backoffMaxMs < backoffBaseMs) {
    const message_ = 'must not be less than base_interval';
    findings.error(`${path}.retry_back_off.max_interval`, 'FieldInvalid', message_);
  }
  return { backoffBaseMs, backoffMaxMs };
};

/** Compiles a retry policy. Unknown words in `retry_on` are ignored, as in Envoy. */
export const compileRetryPolicy = (
  message: RetryPolicyMessage,
  findings: Findings,
  path: string,
): RetryPolicy => ({
  retryOn: new Set(words(message.retryOn)),
  retriableStatusCodes: new Set(message.retriableStatusCodes),
  maxRetries: message.numRetries ?? 1,
  perTryTimeoutMs: durationMsOr(message.perTryTimeout, 0),
  perTryIdleTimeoutMs: durationMsOr(message.perTryIdleTimeout, 0),
  ...backoff(message, findings, path),
  hostSelectionAttempts: Math.max(1, Number(message.hostSelectionRetryMaxAttempts)),
  avoidPreviousHosts: message.retryHostPredicate.some(({ name }) =>
    name.includes('previous_hosts'),
  ),
  retriableHeaders: message.retriableHeaders.map((header, index) =>
    compileHeaderCondition(header, findings, `${path}.retriable_headers[${index}]`),
  ),
  retriableRequestHeaders: message.retriableRequestHeaders.map((header, index) =>
    compileHeaderCondition(header, findings, `${path}.retriable_request_headers[${index}]`),
  ),
});
