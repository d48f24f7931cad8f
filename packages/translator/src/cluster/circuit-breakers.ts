import { create } from '@bufbuild/protobuf';
import {
  type CircuitBreakers,
  CircuitBreakersSchema,
} from '@lateen/xds/gen/envoy/config/cluster/v3/circuit_breaker_pb.js';
import { maxUint32 } from '../input/reader.ts';
import type { ConnectionPool, RetryBudget } from '../input/traffic-policy.ts';

/** Istio lifts Envoy's limits (1024 connections, 3 retries): only what a rule sets limits. Zero counts as unset. */
const orUnlimited = (value: number | undefined): number => value || maxUint32;

/** connectionPool and retryBudget as Envoy's circuit breakers. */
export const circuitBreakers = (
  pool: ConnectionPool | undefined,
  budget: RetryBudget | undefined,
): CircuitBreakers =>
  create(CircuitBreakersSchema, {
    thresholds: [
      {
        maxConnections: orUnlimited(pool?.tcp?.maxConnections),
        maxPendingRequests: orUnlimited(pool?.http?.http1MaxPendingRequests),
        maxRequests: orUnlimited(pool?.http?.http2MaxRequests),
        maxRetries: orUnlimited(pool?.http?.maxRetries),
        trackRemaining: true,
        ...(budget === undefined ? {} : { retryBudget: retryBudget(budget) }),
      },
    ],
  });

/** Envoy's and Istio's defaults: 20 % of active requests, at least 3. */
const retryBudget = ({ percent = 20, minRetryConcurrency = 3 }: RetryBudget) => ({
  budgetPercent: { value: percent },
  minRetryConcurrency,
});
