/** Istio's standard metrics (reference/config/metrics). */
export const callMetrics = {
  requests: 'istio_requests_total',
  durations: 'istio_request_duration_milliseconds',
  requestBytes: 'istio_request_bytes',
  responseBytes: 'istio_response_bytes',
  opened: 'istio_tcp_connections_opened_total',
  received: 'istio_tcp_received_bytes_total',
  sent: 'istio_tcp_sent_bytes_total',
} as const;

/** What the graph is made of. */
export const callFamilies: readonly string[] = Object.values(callMetrics);
