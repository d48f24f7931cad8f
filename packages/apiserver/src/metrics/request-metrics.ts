import { type Labels, Metric } from '@lateen/base';
import type { RequestLabels } from './request-labels.ts';

/** Kubernetes' bounds of `apiserver_request_duration_seconds`. */
const durationBuckets: readonly number[] = [
  ...[0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10],
  ...[15, 20, 30, 45, 60],
];

/** Kubernetes' own metrics of requests; names and labels as of 1.32. */
export class RequestMetrics {
  readonly #requests = new Metric(
    'apiserver_request_total',
    'counter',
    'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
  );
  readonly #durations = new Metric(
    'apiserver_request_duration_seconds',
    'histogram',
    'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
    durationBuckets,
  );
  readonly #inFlight = new Metric(
    'apiserver_current_inflight_requests',
    'gauge',
    'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
  );
  readonly #longRunning = new Metric(
    'apiserver_longrunning_requests',
    'gauge',
    'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
  );

  constructor() {
    for (const kind of ['mutating', 'readOnly']) this.#inFlight.set(0, { request_kind: kind });
  }

  /** A request is there. What is returned is called once, when its answer is over; `code`: of HTTP. */
  begin(request: RequestLabels, nowMs: () => number): (code: number) => void {
    const startMs = nowMs();
    const { labels, isLongRunning, isMutating } = request;
    const { dry_run: _never, ...open } = labels;
    const active: readonly [Metric, Labels] = isLongRunning
      ? [this.#longRunning, open]
      : [this.#inFlight, { request_kind: isMutating ? 'mutating' : 'readOnly' }];
    const [gauge, gaugeLabels] = active;
    gauge.add(1, gaugeLabels);
    return (code) => {
      gauge.add(-1, gaugeLabels);
      this.#requests.add(1, { code: String(code), ...labels });
      // A clock that was set back says nothing.
      this.#durations.observe(Math.max(0, nowMs() - startMs) / 1_000, labels);
    };
  }

  /** Families in the order they are shown. */
  families(): readonly Metric[] {
    return [this.#requests, this.#durations, this.#inFlight, this.#longRunning];
  }
}
