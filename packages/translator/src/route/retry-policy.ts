import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type RetryPolicy,
  RetryPolicySchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { PreviousHostsPredicateSchema } from '@lateen/xds/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { PreviousPrioritiesConfigSchema } from '@lateen/xds/gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import { duration } from '../envoy/duration.ts';
import type { RetryPolicyInput } from '../input/virtual-service.ts';

/** Istio's default conditions since 1.24: no status codes, 503 not among them. */
const defaultRetryOn =
  'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
const defaultRetries = 2;
/** How often the balancer may draw again to avoid a host that failed. */
const hostSelectionAttempts = 5n;
/** Tries after which priorities of failed localities are given up. */
const priorityUpdateFrequency = 2;

const previousHosts = () => ({
  name: 'envoy.retry_host_predicates.previous_hosts',
  configType: {
    case: 'typedConfig' as const,
    value: packAny(PreviousHostsPredicateSchema, create(PreviousHostsPredicateSchema)),
  },
});

const previousPriorities = () => ({
  name: 'envoy.retry_priorities.previous_priorities',
  configType: {
    case: 'typedConfig' as const,
    value: packAny(
      PreviousPrioritiesConfigSchema,
      create(PreviousPrioritiesConfigSchema, { updateFrequency: priorityUpdateFrequency }),
    ),
  },
});

/** Splits `5xx,503,reset` into Envoy's words and status codes. */
const parseRetryOn = (retryOn: string): { retryOn: string; retriableStatusCodes: number[] } => {
  const words: string[] = [];
  const codes: number[] = [];
  for (const part of retryOn.split(',').map((entry) => entry.trim())) {
    if (/^[1-5]\d\d$/.test(part)) codes.push(Number(part));
    else if (part !== '') words.push(part);
  }
  if (codes.length > 0 && !words.includes('retriable-status-codes')) {
    words.push('retriable-status-codes');
  }
  return { retryOn: words.join(','), retriableStatusCodes: codes };
};

/**
 * The retries of a rule over Istio's defaults; undefined when the rule turns them off.
 * `hashed`: requests are tied to hosts, so a retry may go to the same one.
 */
export const retryPolicy = (
  input: RetryPolicyInput | undefined,
  hashed: boolean,
): RetryPolicy | undefined => {
  if (input !== undefined && (input.attempts ?? 0) <= 0) return undefined;
  const avoidPrevious = input?.retryIgnorePreviousHosts ?? !hashed;
  return create(RetryPolicySchema, {
    numRetries: Math.trunc(input?.attempts ?? defaultRetries),
    ...(input?.retryOn ? parseRetryOn(input.retryOn) : { retryOn: defaultRetryOn }),
    ...(input?.perTryTimeout && { perTryTimeout: duration(input.perTryTimeout) }),
    ...(input?.backoff && { retryBackOff: { baseInterval: duration(input.backoff) } }),
    ...(input?.retryRemoteLocalities === true && { retryPriority: previousPriorities() }),
    retryHostPredicate: avoidPrevious ? [previousHosts()] : [],
    hostSelectionRetryMaxAttempts: hostSelectionAttempts,
  });
};
