import type { RetryPolicy as RetryPolicyMessage } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { PreviousPrioritiesConfigSchema } from '@lateen/xds/gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import { holds, unpack } from './any-message.ts';
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

/** `update_frequency` of the only retry priority Envoy has; 0: none. */
const priorityUpdateFrequency = (
  { retryPriority }: RetryPolicyMessage,
  findings: Findings,
  path: string,
): number => {
  if (retryPriority === undefined) return 0;
  const { case: kind, value } = retryPriority.configType;
  if (kind !== 'typedConfig' || !holds(value, PreviousPrioritiesConfigSchema)) {
    findings.warning(
      path,
      'FieldUnsupported',
      `retry priority '${retryPriority.name}' is not known`,
    );
    return 0;
  }
  const config = unpack(value, PreviousPrioritiesConfigSchema, findings, `${path}.typed_config`);
  return Math.max(1, config?.updateFrequency ?? 1);
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
  leavePrioritiesEvery: priorityUpdateFrequency(message, findings, `${path}.retry_priority`),
  retriableHeaders: message.retriableHeaders.map((header, index) =>
    compileHeaderCondition(header, findings, `${path}.retriable_headers[${index}]`),
  ),
  retriableRequestHeaders: message.retriableRequestHeaders.map((header, index) =>
    compileHeaderCondition(header, findings, `${path}.retriable_request_headers[${index}]`),
  ),
});
