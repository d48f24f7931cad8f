import { Metric } from '@lateen/base';

/** What admission counts under the names of istiod's webhooks: here they are steps of the API server. */
export interface AdmissionMetrics {
  /** Pods that labels ask a proxy for. */
  readonly injectionRequests: Metric;
  readonly injectionSuccesses: Metric;
  readonly injectionFailures: Metric;
  /** Pods asked for that get none: an annotation, the host's network, or a proxy of their own. */
  readonly injectionSkips: Metric;
  /** By `group`, `version`, `resource`. */
  readonly validationPassed: Metric;
  /** Also by `reason`. */
  readonly validationFailed: Metric;
  /** All of them, for the API server's `/metrics`. */
  readonly families: readonly Metric[];
}

const counter = (name: string, help: string): Metric => new Metric(name, 'counter', help);

/** Counters from 0: injection's have no labels, so they are there before the first pod. */
export const createAdmissionMetrics = (): AdmissionMetrics => {
  const injection = {
    injectionRequests: counter(
      'sidecar_injection_requests_total',
      'Total number of sidecar injection requests.',
    ),
    injectionSuccesses: counter(
      'sidecar_injection_success_total',
      'Total number of successful sidecar injection requests.',
    ),
    injectionFailures: counter(
      'sidecar_injection_failure_total',
      'Total number of failed sidecar injection requests.',
    ),
    injectionSkips: counter(
      'sidecar_injection_skip_total',
      'Total number of skipped sidecar injection requests.',
    ),
  };
  const validation = {
    validationPassed: counter('galley_validation_passed', 'Resource is valid.'),
    validationFailed: counter('galley_validation_failed', 'Resource validation failed.'),
  };
  for (const metric of Object.values(injection)) metric.add(0);
  const families = [...Object.values(injection), ...Object.values(validation)];
  return { ...injection, ...validation, families };
};
