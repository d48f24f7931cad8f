/** One kind of request that proxies have seen, with how often. */
export interface GeneratedCall {
  readonly from: string;
  readonly to: string;
  readonly version?: string;
  readonly count: number;
  readonly code?: string;
  readonly grpcStatus?: string;
  readonly durationMs?: number;
  /** Destinations say so. Default true. */
  readonly mutualTls?: boolean;
  /** Service and its namespace when nobody answered or it lies outside. */
  readonly unanswered?: boolean;
  readonly flags?: string;
  readonly host?: string;
  readonly serviceNamespace?: string;
  /** Clusters of both ends. Default `Kubernetes`. */
  readonly fromCluster?: string;
  readonly toCluster?: string;
  /** The caller has no proxy. */
  readonly anonymous?: boolean;
}

const bounds = [1, 5, 10, 25, 50, 100, 250, 500, 1000] as const;

const callerLabels = ({
  from,
  fromCluster = 'Kubernetes',
  anonymous = false,
}: GeneratedCall): Record<string, string> => {
  const [app = '', version = 'v1'] = from.split('-');
  return {
    source_workload: anonymous ? 'unknown' : from,
    source_workload_namespace: anonymous ? 'unknown' : 'default',
    source_canonical_service: anonymous ? 'unknown' : app,
    source_canonical_revision: anonymous ? 'latest' : version,
    source_cluster: fromCluster,
  };
};

const labelsOf = (
  call: GeneratedCall,
  reporter: 'source' | 'destination',
): Record<string, string> => {
  const { to, version = 'v1', code = '200', unanswered = false } = call;
  const isDestination = reporter === 'destination';
  const mutual = isDestination && call.mutualTls !== false && call.anonymous !== true;
  const answer = (value: string): string => (unanswered ? 'unknown' : value);
  return {
    reporter,
    ...callerLabels(call),
    source_principal: mutual ? `spiffe://cluster.local/ns/default/sa/${call.from}` : 'unknown',
    destination_workload: answer(`${to}-${version}`),
    destination_workload_namespace: answer('default'),
    destination_canonical_service: answer(to),
    destination_canonical_revision: answer(version),
    destination_cluster: call.toCluster ?? 'Kubernetes',
    destination_service: call.host ?? `${to}.default.svc.cluster.local`,
    destination_service_name: to,
    destination_service_namespace: call.serviceNamespace ?? 'default',
    request_protocol: call.grpcStatus === undefined ? 'http' : 'grpc',
    response_code: code,
    ...(call.grpcStatus !== undefined && { grpc_response_status: call.grpcStatus }),
    response_flags: call.flags ?? '-',
    connection_security_policy: isDestination ? (mutual ? 'mutual_tls' : 'none') : 'unknown',
  };
};

const written = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',');

const durationLines = (call: GeneratedCall, labels: string, factor: number): readonly string[] => {
  const name = 'istio_request_duration_milliseconds';
  const ms = call.durationMs ?? 3;
  const count = call.count * factor;
  return [
    ...bounds.map((bound) => `${name}_bucket{${labels},le="${bound}"} ${ms <= bound ? count : 0}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${ms * count}`,
    `${name}_count{${labels}} ${count}`,
  ];
};

/** What the proxy of one side would say after `factor` times these calls. */
export const generatedMetrics = (
  calls: readonly GeneratedCall[],
  reporter: 'source' | 'destination',
  factor: number,
): Uint8Array => {
  const reported = calls.filter(({ anonymous, unanswered }) =>
    reporter === 'source' ? anonymous !== true : unanswered !== true,
  );
  const series = reported.map((call) => ({ call, labels: written(labelsOf(call, reporter)) }));
  const lines = [
    '# TYPE istio_requests_total counter',
    ...series.map(({ call, labels }) => `istio_requests_total{${labels}} ${call.count * factor}`),
    '# TYPE istio_request_duration_milliseconds histogram',
    ...series.flatMap(({ call, labels }) => durationLines(call, labels, factor)),
  ];
  return Buffer.from(`${lines.join('\n')}\n`);
};
