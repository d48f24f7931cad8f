import { Metric } from '@lateen/base';

/** Upper bounds in bytes, as istiod's histogram of config sizes has them. */
const sizeBuckets: readonly number[] = [1, 10_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000];
/** Upper bounds in seconds, as istiod's histograms of sending and queueing have them. */
const shortBuckets: readonly number[] = [0.01, 0.1, 1, 3, 5, 10, 20, 30];

/** Types that proxies acknowledge or refuse. */
const settledTypes: readonly string[] = ['cds', 'eds', 'lds', 'rds', 'sds'];

/** What happens between a change and the proxies that hear of it, under istiod's names. */
export interface PushMetrics {
  /** Proxies connected now. */
  readonly connected: Metric;
  /** Responses sent, by `type` (cds, eds, lds, rds ...). */
  readonly pushes: Metric;
  /** Seconds spent to build what a proxy should have, by `type`. */
  readonly pushTime: Metric;
  /** Seconds from handing a response over until the stream had taken it. */
  readonly sendTime: Metric;
  /** Bytes of the resources in a response, by `type`. */
  readonly configSize: Metric;
  /** Seconds from the first change of a push until a proxy was sent all of it. */
  readonly convergence: Metric;
  /** Seconds a proxy's push waited for its turn. */
  readonly queueTime: Metric;
  /** Seconds from the first change until it was no longer waited for more. */
  readonly debounceTime: Metric;
  /** Pushes started, by the kind of object that caused them. */
  readonly triggers: Metric;
  /** NACKs received, by `type`. */
  readonly rejects: Metric;
  /** Proxies that refuse what they were last sent, by type; one gauge for each, as istiod has. */
  readonly refusing: Readonly<Record<'cds' | 'eds' | 'lds' | 'rds', Metric>>;
  /** Seconds spent to compute the push context. */
  readonly contextInit: Metric;
  /** Changes that matter, by `type`: config, eds or svc. */
  readonly inboundUpdates: Metric;
  /** Events of mesh configuration, by `type` (kind) and `event` (add, update, delete). */
  readonly configEvents: Metric;
  /** Events of services and what is behind them, by `type` and `event`. */
  readonly registryEvents: Metric;
  /** Pushes or requests that failed inside the control plane. */
  readonly internalErrors: Metric;
}

const refusalGauge = (type: string): Metric =>
  new Metric(
    `pilot_xds_${type}_reject`,
    'gauge',
    `Proxies that refuse their ${type.toUpperCase()}.`,
  );

const createTimes = () => ({
  pushTime: new Metric(
    'pilot_xds_push_time',
    'histogram',
    'Total time in seconds Pilot takes to push lds, rds, cds and eds.',
  ),
  sendTime: new Metric(
    'pilot_xds_send_time',
    'histogram',
    'Total time in seconds Pilot takes to send generated configuration.',
    shortBuckets,
  ),
  configSize: new Metric(
    'pilot_xds_config_size_bytes',
    'histogram',
    'Distribution of configuration sizes pushed to clients.',
    sizeBuckets,
  ),
  convergence: new Metric(
    'pilot_proxy_convergence_time',
    'histogram',
    'Delay in seconds between config change and a proxy receiving all required configuration.',
  ),
  queueTime: new Metric(
    'pilot_proxy_queue_time',
    'histogram',
    'Time in seconds, a proxy is in the push queue before being dequeued.',
    shortBuckets,
  ),
  debounceTime: new Metric(
    'pilot_debounce_time',
    'histogram',
    'Delay in seconds between the first config enters debouncing and the merged push request is pushed into the push queue.',
    shortBuckets,
  ),
  contextInit: new Metric(
    'pilot_pushcontext_init_seconds',
    'histogram',
    'Time in seconds taken to compute the push context.',
  ),
});

const createEvents = () => ({
  triggers: new Metric(
    'pilot_push_triggers',
    'counter',
    'Number of times a push was triggered, by reason.',
  ),
  inboundUpdates: new Metric(
    'pilot_inbound_updates',
    'counter',
    'Total number of updates received by pilot.',
  ),
  configEvents: new Metric('pilot_k8s_cfg_events', 'counter', 'Events from k8s config.'),
  registryEvents: new Metric('pilot_k8s_reg_events', 'counter', 'Events from k8s registry.'),
});

/** Those that dashboards rate are there from the start. */
export const createPushMetrics = (): PushMetrics => {
  const refusing = {
    cds: refusalGauge('cds'),
    eds: refusalGauge('eds'),
    lds: refusalGauge('lds'),
    rds: refusalGauge('rds'),
  };
  const metrics = {
    connected: new Metric(
      'pilot_xds',
      'gauge',
      'Number of endpoints connected to this pilot using XDS.',
    ),
    pushes: new Metric('pilot_xds_pushes', 'counter', 'Pilot build and send responses by type.'),
    rejects: new Metric(
      'pilot_total_xds_rejects',
      'counter',
      'Total number of XDS responses from pilot rejected by proxy.',
    ),
    internalErrors: new Metric(
      'pilot_total_xds_internal_errors',
      'counter',
      'Total number of internal XDS errors in pilot.',
    ),
    ...createTimes(),
    ...createEvents(),
    refusing,
  };
  metrics.connected.set(0);
  metrics.internalErrors.add(0);
  for (const type of settledTypes) metrics.rejects.add(0, { type });
  for (const gauge of Object.values(refusing)) gauge.set(0);
  return metrics;
};
