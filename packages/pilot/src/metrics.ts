/** Label names and values of one series. */
export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds, as Istio's convergence histograms have them. */
const defaultBuckets: readonly number[] = [0.01, 0.05, 0.1, 0.5, 1, 3, 5, 10, 20, 30];

interface Series {
  readonly labels: Labels;
  value: number;
  /** Histograms only: observations per bucket, not cumulated. */
  readonly counts: number[];
  observations: number;
}

/** A counter, gauge or histogram with its series by labels. */
export class Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(
    name: string,
    kind: Metric['kind'],
    help: string,
    buckets: readonly number[] = defaultBuckets,
  ) {
    this.name = name;
    this.kind = kind;
    this.help = help;
    this.#buckets = kind === 'histogram' ? buckets : [];
  }

  #seriesOf(labels: Labels): Series {
    const key = JSON.stringify(Object.entries(labels));
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, value: 0, counts: this.#buckets.map(() => 0), observations: 0 };
      this.#series.set(key, series);
    }
    return series;
  }

  add(amount: number, labels: Labels = {}): void {
    this.#seriesOf(labels).value += amount;
  }

  set(value: number, labels: Labels = {}): void {
    this.#seriesOf(labels).value = value;
  }

  /** Forgets all series: for gauges whose label values come and go. */
  clear(): void {
    this.#series.clear();
  }

  /** Histograms: notes one value, in seconds. */
  observe(value: number, labels: Labels = {}): void {
    const series = this.#seriesOf(labels);
    series.value += value;
    series.observations += 1;
    const bucket = this.#buckets.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
  }

  /** The current value of a series; 0 when it was never touched. */
  value(labels: Labels = {}): number {
    return this.#series.get(JSON.stringify(Object.entries(labels)))?.value ?? 0;
  }

  /** Prometheus text exposition format 0.0.4. */
  render(): string {
    const head = `# HELP ${this.name} ${this.help}\n# TYPE ${this.name} ${this.kind}\n`;
    return head + [...this.#series.values()].map((series) => this.#renderSeries(series)).join('');
  }

  #renderSeries(series: Series): string {
    const { labels, value, counts, observations } = series;
    if (this.kind !== 'histogram') return `${this.name}${renderLabels(labels)} ${value}\n`;
    let total = 0;
    const buckets = this.#buckets.map((bound, index) => {
      total += counts[index] ?? 0;
      return `${this.name}_bucket${renderLabels({ ...labels, le: String(bound) })} ${total}\n`;
    });
    return [
      ...buckets,
      `${this.name}_bucket${renderLabels({ ...labels, le: '+Inf' })} ${observations}\n`,
      `${this.name}_sum${renderLabels(labels)} ${value}\n`,
      `${this.name}_count${renderLabels(labels)} ${observations}\n`,
    ].join('');
  }
}

const renderLabels = (labels: Labels): string => {
  const entries = Object.entries(labels);
  if (entries.length === 0) return '';
  return `{${entries.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
};

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** The control plane's own metrics, under istiod's names. */
export interface PilotMetrics {
  /** Proxies connected now. */
  readonly connected: Metric;
  /** Responses sent, by `type` (cds, eds, lds, rds ...). */
  readonly pushes: Metric;
  /** Seconds from the first change of a push until a proxy was sent all of it. */
  readonly convergence: Metric;
  /** Pushes started, by the kind of object that caused them. */
  readonly triggers: Metric;
  /** NACKs received. */
  readonly rejects: Metric;
  /** NACKs received, by `type`. */
  readonly rejectsByType: Metric;
  readonly services: Metric;
  readonly virtualServices: Metric;
  /** Seconds spent to compute the push context. */
  readonly contextInit: Metric;
  /** Events from the API server, by `type` (kind) and `event` (add, update, delete). */
  readonly configEvents: Metric;
  /** Pushes or requests that failed inside the control plane. */
  readonly internalErrors: Metric;
  /** Certificate requests received. */
  readonly csrCount: Metric;
  /** Certificate requests that could not be read. */
  readonly csrParsingErrors: Metric;
  /** Certificate requests whose sender was not known. */
  readonly authenticationFailures: Metric;
  readonly certificatesIssued: Metric;
  /** JSON Web Key Sets fetched, and fetches that failed. */
  readonly keySetFetches: Metric;
  readonly keySetFetchFailures: Metric;
  render(): string;
}

/** Citadel's, the certificate authority's. */
const createAuthorityMetrics = () => ({
  csrCount: new Metric(
    'citadel_server_csr_count',
    'counter',
    'The number of CSRs received by Citadel server.',
  ),
  csrParsingErrors: new Metric(
    'citadel_server_csr_parsing_err_count',
    'counter',
    'The number of errors occurred when parsing the CSR.',
  ),
  authenticationFailures: new Metric(
    'citadel_server_authentication_failure_count',
    'counter',
    'The number of authentication failures.',
  ),
  certificatesIssued: new Metric(
    'citadel_server_success_cert_issuance_count',
    'counter',
    'The number of certificates issuances that have succeeded.',
  ),
});

const createKeySetMetrics = () => ({
  keySetFetches: new Metric(
    'pilot_jwks_resolver_network_fetch_success_total',
    'counter',
    'Total number of successfully network fetch by pilot jwks resolver.',
  ),
  keySetFetchFailures: new Metric(
    'pilot_jwks_resolver_network_fetch_fail_total',
    'counter',
    'Total number of failed network fetch by pilot jwks resolver.',
  ),
});

export const createPilotMetrics = (): PilotMetrics => {
  const metrics = {
    connected: new Metric(
      'pilot_xds',
      'gauge',
      'Number of endpoints connected to this pilot using XDS.',
    ),
    pushes: new Metric('pilot_xds_pushes', 'counter', 'Pilot build and send responses by type.'),
    convergence: new Metric(
      'pilot_proxy_convergence_time',
      'histogram',
      'Delay in seconds between config change and a proxy receiving all required configuration.',
    ),
    triggers: new Metric(
      'pilot_push_triggers',
      'counter',
      'Number of times a push was triggered, by reason.',
    ),
    rejects: new Metric(
      'pilot_total_xds_rejects',
      'counter',
      'Number of XDS responses rejected by proxies.',
    ),
    rejectsByType: new Metric(
      'pilot_xds_rejects',
      'counter',
      'Number of XDS responses rejected by proxies, by type.',
    ),
    services: new Metric('pilot_services', 'gauge', 'Total services known to pilot.'),
    virtualServices: new Metric(
      'pilot_virt_services',
      'gauge',
      'Total virtual services known to pilot.',
    ),
    contextInit: new Metric(
      'pilot_pushcontext_init_seconds',
      'histogram',
      'Time in seconds taken to compute the push context.',
    ),
    configEvents: new Metric(
      'pilot_k8s_cfg_events',
      'counter',
      'Events from the API server, by kind and event.',
    ),
    internalErrors: new Metric(
      'pilot_xds_internal_errors',
      'counter',
      'Number of requests or pushes that failed inside the control plane.',
    ),
    ...createAuthorityMetrics(),
    ...createKeySetMetrics(),
  };
  for (const gauge of [metrics.connected, metrics.services, metrics.virtualServices]) gauge.set(0);
  const counters = [
    metrics.rejects,
    metrics.internalErrors,
    metrics.csrCount,
    metrics.csrParsingErrors,
    metrics.authenticationFailures,
    metrics.certificatesIssued,
    metrics.keySetFetches,
    metrics.keySetFetchFailures,
  ];
  for (const counter of counters) counter.add(0);
  return {
    ...metrics,
    render: () =>
      Object.values(metrics)
        .map((metric) => metric.render())
        .join(''),
  };
};
