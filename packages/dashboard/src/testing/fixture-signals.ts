import type { LogAnswer, LogLine, Span, Trace, TraceSummary } from '@lateen/telemetry/contract';

interface SpanSketch {
  readonly service: string;
  readonly kind: Span['kind'];
  readonly depth: number;
  readonly startUs: number;
  readonly durationUs: number;
  readonly failed?: boolean;
}

const sketches: readonly SpanSketch[] = [
  {
    service: 'istio-ingressgateway.istio-system',
    kind: 'client',
    depth: 0,
    startUs: 0,
    durationUs: 48_200,
  },
  { service: 'productpage.default', kind: 'server', depth: 1, startUs: 700, durationUs: 46_900 },
  { service: 'productpage.default', kind: 'client', depth: 2, startUs: 2100, durationUs: 5900 },
  { service: 'details.default', kind: 'server', depth: 3, startUs: 2600, durationUs: 4800 },
  { service: 'productpage.default', kind: 'client', depth: 2, startUs: 9100, durationUs: 36_000 },
  { service: 'reviews.default', kind: 'server', depth: 3, startUs: 9800, durationUs: 34_700 },
  { service: 'reviews.default', kind: 'client', depth: 4, startUs: 14_000, durationUs: 27_500 },
  {
    service: 'ratings.default',
    kind: 'server',
    depth: 5,
    startUs: 14_800,
    durationUs: 25_900,
    failed: true,
  },
];

const spanId = (index: number): string => `00f067aa0ba902${index.toString(16).padStart(2, '0')}`;

const parentOf = (index: number): string => {
  const depth = sketches[index]?.depth ?? 0;
  for (let at = index - 1; at >= 0; at--) if ((sketches[at]?.depth ?? 0) < depth) return spanId(at);
  return '';
};

const operationOf = (service: string): string =>
  `${service.split('.')[0]}.default.svc.cluster.local:9080/*`;

/** `GET traces/{traceId}`: always the same eight hops. */
export const traceOf = (traceId: string): Trace => {
  const base = (Date.now() - 30_000) * 1000;
  const spans = sketches.map((sketch, index): Span => {
    const failed = sketch.failed === true;
    return {
      spanId: spanId(index),
      parentSpanId: parentOf(index),
      name: operationOf(sketch.service),
      kind: sketch.kind,
      service: sketch.service,
      startUs: base + sketch.startUs,
      durationUs: sketch.durationUs,
      status: failed ? 'error' : 'ok',
      statusMessage: failed ? '503' : '',
      attributes: {
        'http.method': 'GET',
        'http.url': 'http://reviews:9080/reviews/0',
        'http.status_code': failed ? '503' : '200',
        response_flags: failed ? 'UF' : '-',
        upstream_cluster: 'outbound|9080||ratings.default.svc.cluster.local',
        'istio.mesh_id': 'cluster.local',
        'peer.address': '127.7.0.12',
        'guid:x-request-id': '6a1f4f6e-5a39-9b1a-8df1-9a4d2d6cbbd1',
      },
      events: failed
        ? [{ timeUs: base + sketch.startUs + 900, name: 'retry', attributes: { attempt: '1' } }]
        : [],
      dropped: 0,
      depth: sketch.depth,
    };
  });
  return { ...summaryOf(traceId, 0), spans, droppedSpans: 0 };
};

const summaryOf = (traceId: string, index: number): TraceSummary => ({
  traceId,
  startUs: (Date.now() - 30_000 - index * 4200) * 1000,
  durationUs: 48_200 + ((index * 7919) % 61_000),
  rootService: 'istio-ingressgateway.istio-system',
  rootName: 'productpage.default.svc.cluster.local:9080/productpage',
  spanCount: 8,
  isWhole: true,
  errorCount: index % 5 === 0 ? 1 : 0,
  services: [
    { name: 'productpage.default', spans: 3 },
    { name: 'reviews.default', spans: 2 },
    { name: 'details.default', spans: 1 },
    { name: 'ratings.default', spans: 1 },
    { name: 'istio-ingressgateway.istio-system', spans: 1 },
  ],
  status: index % 5 === 0 ? 503 : 200,
});

/** `GET traces`. */
export const tracesOf = (query: URLSearchParams): readonly TraceSummary[] =>
  Array.from({ length: 40 }, (_, index) =>
    summaryOf(`4bf92f3577b34da6a3ce929d0e0e${index.toString(16).padStart(4, '0')}`, index),
  ).filter(({ errorCount }) => query.get('errors') !== 'true' || errorCount > 0);

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: made-up answers, read from top to bottom
const lineOf = (index: number, count: number, query: URLSearchParams): LogLine => {
  const timeMs = Date.now() - (count - index) * 731;
  const workload = query.get('workload') ?? query.get('pod') ?? 'reviews-v2';
  const isProxy = index % 3 === 0;
  const failed = index % 11 === 0;
  const base = {
    timeMs,
    namespace: query.get('namespace') ?? 'default',
    pod: `${workload}-7d9f8b6c5-x2k4p`,
    isProxy,
    traceId: index % 4 === 0 ? '4bf92f3577b34da6a3ce929d0e0e0001' : '',
  };
  if (!isProxy)
    return {
      ...base,
      container: 'reviews',
      text: failed
        ? 'ratings: fetch failed: 503'
        : `GET /reviews/${index % 9} in ${8 + (index % 13)} ms`,
      level: failed ? 'error' : 'info',
    };
  return {
    ...base,
    container: 'istio-proxy',
    text: `[${new Date(timeMs).toISOString()}] "GET /reviews/0 HTTP/1.1" ${failed ? 503 : 200} ${failed ? 'UF' : '-'} via_upstream - "-" 0 295 12 11 "-" "curl/7.88"`,
    level: failed ? 'error' : 'info',
    access: {
      method: 'GET',
      path: '/reviews/0',
      protocol: 'HTTP/1.1',
      responseCode: failed ? 503 : 200,
      responseFlags: failed ? 'UF' : '-',
      responseCodeDetails: 'via_upstream',
      bytesReceived: 0,
      bytesSent: 295,
      durationMs: 12,
      authority: 'reviews:9080',
      requestId: '6a1f4f6e-5a39-9b1a-8df1-9a4d2d6cbbd1',
      upstreamHost: '127.7.0.13:9080',
      upstreamCluster: 'inbound|9080||',
      routeName: 'default',
      userAgent: 'curl/7.88',
    },
  };
};

/** `GET logs`. */
export const logsOf = (query: URLSearchParams): LogAnswer => {
  const filter = (query.get('filter') ?? '').toLowerCase();
  const lines = Array.from({ length: 220 }, (_, index) => lineOf(index, 220, query));
  return {
    lines: lines.filter(({ text }) => text.toLowerCase().includes(filter)),
    truncated: false,
    errors: [],
  };
};
