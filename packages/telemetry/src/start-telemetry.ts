import type { Pod } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { createKubeClient, type KubeConnection } from '@lateen/kube';
import { apiRoutes } from './api/api-routes.ts';
import { ConfigHistory } from './config/config-history.ts';
import { throttled, wireObjectEvents } from './event-wiring.ts';
import { createEyes, type Eyes } from './eyes.ts';
import { createRawKubeClient } from './kubernetes/raw-client.ts';
import { exposedHosts } from './mesh/exposed-hosts.ts';
import { MeshObjects } from './mesh/mesh-objects.ts';
import { SeriesStore } from './metrics/series-store.ts';
import { prometheusAnswer } from './promql/prometheus-api.ts';
import { createMetricsFetch } from './scrape/metrics-fetch.ts';
import { prometheusTarget, type ScrapeTarget, scrapeTargetOf } from './scrape/scrape-target.ts';
import { Scraper } from './scrape/scraper.ts';
import { EventStream } from './server/event-stream.ts';
import { startHttpServer } from './server/http-server.ts';
import { startUnaryServer, type UnaryServer } from './traces/grpc-unary-server.ts';
import { jaegerTraces } from './traces/jaeger-traces.ts';
import { exportTraces, exportTracesPath } from './traces/otlp-grpc.ts';
import type { ReceivedSpan } from './traces/received-span.ts';
import { type SpanReceiver, startSpanReceiver } from './traces/span-receiver.ts';
import { embeddedTraces } from './traces/trace-source.ts';
import { TraceStore } from './traces/trace-store.ts';

/** Where the dashboard is by custom (Kiali's port). */
export const dashboardPort = 20_001;

/** Scraping waits so long for the pods to be known. */
const maxReadWaitMs = 3_000;

/** Where a part listens; port 0: any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface TelemetryOptions {
  readonly connection: KubeConnection;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  readonly dashboard: ListenAddress;
  /** Absent: no spans are taken there. */
  readonly otlp?: ListenAddress;
  /** OTLP over gRPC. */
  readonly otlpGrpc?: ListenAddress;
  readonly zipkin?: ListenAddress;
  /** A Prometheus to read metrics of instead of the proxies. */
  readonly prometheus?: URL;
  /** A Jaeger to read traces of instead of the spans taken here. */
  readonly jaeger?: URL;
  /** Folder of the pages, when they are built; undefined: there are none. Never rejects. */
  readonly staticFolder: () => Promise<string | undefined>;
  /** Names besides loopback's that the server is called by. */
  readonly allowedHosts: readonly string[];
  /** Lets clients from elsewhere write. */
  readonly token?: string;
  /** Default false: on loopback everybody may write. */
  readonly isReadOnly?: boolean;
}

/** The eyes at work. */
export interface Telemetry {
  /** `http://127.0.0.1:20001`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly eyes: Eyes;
  close(): Promise<void>;
}

const scrapeTargets = (
  prometheus: URL | undefined,
  objects: MeshObjects,
): readonly ScrapeTarget[] =>
  prometheus === undefined
    ? objects
        .list<Pod>('Pod')
        .map(scrapeTargetOf)
        .filter((target) => target !== undefined)
    : [prometheusTarget(prometheus)];

const receive = async (
  address: ListenAddress | undefined,
  take: (span: ReceivedSpan) => void,
): Promise<SpanReceiver | undefined> => address && startSpanReceiver(address, take);

const receiveGrpc = async (
  address: ListenAddress | undefined,
  take: (span: ReceivedSpan) => void,
): Promise<UnaryServer | undefined> =>
  address && startUnaryServer(address, new Map([[exportTracesPath, exportTraces(take)]]));

/**
 * Starts everything: follows the API server, scrapes proxies, takes spans, serves the dashboard and its API. It listens
 * before all objects are read; until then answers are incomplete and say so. Rejects with TelemetryError `no-free-port`.
 */
export const startTelemetry = async (options: TelemetryOptions): Promise<Telemetry> => {
  const { connection, clock, log, jitter } = options;
  const stop = new AbortController();
  const client = createKubeClient(connection, { userAgent: 'lateen-dashboard/0.1.0' });
  const objects = new MeshObjects({ client, clock, log, jitter });
  const store = new SeriesStore(undefined, Math.floor(jitter() * 0x7fff_ffff));
  const events = new EventStream(clock);
  const traces = new TraceStore();
  const fetchMetrics = createMetricsFetch();
  const scraper = new Scraper({
    ...{ store, fetchMetrics, clock, log },
    targets: () => scrapeTargets(options.prometheus, objects),
    onRound: (atMs) => events.send({ type: 'metrics', atMs }),
  });
  const history = new ConfigHistory(clock.nowMs());
  wireObjectEvents(objects, { events, history, clock });
  const tracesChanged = throttled(clock, () =>
    events.send({ type: 'traces', atMs: clock.nowMs() }),
  );
  const take = (span: ReceivedSpan): void => {
    traces.add(span);
    tracesChanged();
  };
  const receivers = await Promise.all([
    receive(options.otlp, take),
    receive(options.zipkin, take),
    receiveGrpc(options.otlpGrpc, take),
  ]);
  const eyes = createEyes({
    ...{ clock, log, client, objects, store, scraper, traces, history },
    traceSource:
      options.jaeger === undefined ? embeddedTraces(traces) : jaegerTraces(options.jaeger),
    metricsUrl: options.prometheus?.href ?? '',
    raw: createRawKubeClient(connection),
    hasToken: options.token !== undefined,
    receiverPorts: () => ({
      otlpPort: receivers[0]?.port ?? 0,
      zipkinPort: receivers[1]?.port ?? 0,
      otlpGrpcPort: receivers[2]?.port ?? 0,
    }),
  });
  const allowed = new Set(options.allowedHosts.map((host) => host.toLowerCase()));
  let exposedVersion = -1;
  let exposedNow: ReadonlySet<string> = new Set();
  const exposed = (): ReadonlySet<string> => {
    if (exposedVersion !== objects.version) {
      exposedVersion = objects.version;
      exposedNow = exposedHosts(eyes.model(), objects.list('VirtualService'));
    }
    return exposedNow;
  };
  const server = await startHttpServer(options.dashboard, {
    routes: apiRoutes(eyes, connection.server),
    events,
    log,
    staticFolder: options.staticFolder,
    prometheus: (path, parameters) => prometheusAnswer(path, parameters, eyes),
    policy: {
      allowedHosts: () => allowed.union(exposed()),
      isReadOnly: options.isReadOnly ?? false,
      ...(options.token !== undefined && { token: options.token }),
    },
  });
  // A cluster that cannot be read whole is scraped all the same.
  const cancelWait = clock.schedule(maxReadWaitMs, () => scraper.start());
  objects.start(stop.signal).then(
    () => scraper.start(),
    // Stopped before it was read: nothing to do.
    () => undefined,
  );
  return {
    url: `http://${server.host}:${server.port}`,
    host: server.host,
    port: server.port,
    eyes,
    close: async () => {
      stop.abort();
      cancelWait();
      scraper.stop();
      fetchMetrics.close();
      await Promise.all([server.close(), ...receivers.map((one) => one?.close())]);
    },
  };
};
