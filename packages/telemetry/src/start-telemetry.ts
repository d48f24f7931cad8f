import type { Clock, Logger } from '@lateen/base';
import { createKubeClient, type KubeConnection } from '@lateen/kube';
import { apiRoutes } from './api/api-routes.ts';
import { metricsProblem } from './api/graph-api.ts';
import type { MeshPlace } from './clusters/other-clusters.ts';
import { ConfigHistory } from './config/config-history.ts';
import { throttled, wireObjectEvents } from './event-wiring.ts';
import { createEyes, type Eyes } from './eyes.ts';
import { createRawKubeClient } from './kubernetes/raw-client.ts';
import type { ListenAddress } from './listen-address.ts';
import { LogStore } from './logs/log-store.ts';
import { exposedHosts } from './mesh/exposed-hosts.ts';
import { MeshObjects } from './mesh/mesh-objects.ts';
import { SeriesStore } from './metrics/series-store.ts';
import { openReceivers, type ReceiverAddresses } from './open-receivers.ts';
import { meshPeers } from './peers/mesh-peers.ts';
import { peerRoutes } from './peers/peer-routes.ts';
import { type PeerServer, startPeerServer } from './peers/peer-server.ts';
import { prometheusAnswer } from './promql/prometheus-api.ts';
import { Scraper } from './scrape/scraper.ts';
import { EventStream } from './server/event-stream.ts';
import { startHttpServer } from './server/http-server.ts';
import type { AccessPolicy } from './server/request-guard.ts';
import { proxyMetrics } from './source/metrics-source.ts';
import { prometheusMetrics } from './source/prometheus-source.ts';
import { localTraces, watchTraces } from './source/watched-traces.ts';
import { reasonOf } from './telemetry-error.ts';
import { jaegerTraces } from './traces/jaeger-traces.ts';
import type { Takers } from './traces/span-receiver.ts';
import { TraceStore } from './traces/trace-store.ts';

/** Where the dashboard is by custom (Kiali's port). */
export const dashboardPort = 20_001;

/** Scraping waits so long for the pods to be known. */
const maxReadWaitMs = 3_000;

export interface TelemetryOptions extends ReceiverAddresses {
  readonly connection: KubeConnection;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  readonly dashboard: ListenAddress;
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
  /** Of the cluster in a mesh of several, where that is known to whoever starts it. */
  readonly place?: MeshPlace;
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

/** Tells when a text is another than the last time; it begins with nothing to tell. */
const whenOther = (read: () => string, tell: () => void): (() => void) => {
  let last = '\n';
  return () => {
    const now = read();
    if (now !== last) tell();
    last = now;
  };
};

/** Hosts by which the mesh itself exposes the dashboard; looked up again when objects changed. */
const exposedNow = (eyes: Eyes): (() => ReadonlySet<string>) => {
  let version = -1;
  let hosts: ReadonlySet<string> = new Set();
  return () => {
    if (version === eyes.objects.version) return hosts;
    version = eyes.objects.version;
    hosts = exposedHosts(eyes.model(), eyes.objects.list('VirtualService'));
    return hosts;
  };
};

const accessPolicy = (
  { allowedHosts, isReadOnly = false, token }: TelemetryOptions,
  eyes: Eyes,
): AccessPolicy => {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const exposed = exposedNow(eyes);
  return {
    allowedHosts: () => allowed.union(exposed()),
    isReadOnly,
    ...(token !== undefined && { token }),
  };
};

/** What proxies and apps send goes into the stores. */
const takersInto = (traces: TraceStore, logs: LogStore, tracesChanged: () => void): Takers => ({
  takeSpan: (span) => {
    traces.add(span);
    tracesChanged();
  },
  takeLog: (record) => logs.add(record),
});

/** Answers the eyes of other clusters. Without, this one is shown as before: it is not worth failing for. */
const answerPeers = async (
  { place, log }: TelemetryOptions,
  eyes: Eyes,
  url: string,
): Promise<PeerServer | undefined> => {
  if (place?.eyes === undefined) return undefined;
  try {
    return await startPeerServer(place.eyes.socket, peerRoutes(eyes, url), log);
  } catch (error) {
    log.error('other clusters cannot see this one', { reason: reasonOf(error) });
    return undefined;
  }
};

/** Scrapes when the pods are known; a cluster that cannot be read whole is scraped all the same. Returns how to stop waiting. */
const scrapeWhenRead = (
  { clock, metrics, store, scraper }: Eyes,
  areRead: Promise<void>,
): (() => void) => {
  const prepared = metrics.prepare(store, clock.nowMs());
  const scrape = (): Promise<void> => prepared.then(() => scraper.start());
  // Stopped before they were read: nothing to do.
  areRead.then(scrape, () => undefined);
  return clock.schedule(maxReadWaitMs, () => void scrape());
};

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
  const metrics = options.prometheus
    ? prometheusMetrics(options.prometheus, log)
    : proxyMetrics(objects);
  const scraper = new Scraper({
    ...{ store, clock, log, targets: metrics.targets, fetchMetrics: metrics.fetch },
    onRound: (atMs) => {
      events.send({ type: 'metrics', atMs });
      tellStates();
    },
  });
  const history = new ConfigHistory(clock.nowMs());
  wireObjectEvents(objects, { events, history, clock });
  const tracesChanged = throttled(clock, () =>
    events.send({ type: 'traces', atMs: clock.nowMs() }),
  );
  const proxiesChanged = (): void => events.send({ type: 'proxies', atMs: clock.nowMs() });
  const logs = new LogStore();
  const receivers = await openReceivers(options, takersInto(traces, logs, tracesChanged));
  const onLook = (): void => {
    tracesChanged();
    tellStates();
  };
  const watched = options.jaeger
    ? watchTraces(jaegerTraces(options.jaeger), { clock, onLook })
    : localTraces(traces);
  const eyes = createEyes({
    ...{ clock, log, client, objects, store, metrics, scraper, traces, watched, logs, history },
    raw: createRawKubeClient(connection),
    hasToken: options.token !== undefined,
    ...(options.place !== undefined && { place: options.place }),
    ...meshPeers(
      options.place,
      { store, traces },
      { clock, onNew: tracesChanged, onChange: proxiesChanged },
    ),
    receiverPorts: receivers.ports,
  });
  const tellStates = whenOther(
    () => `${metricsProblem(eyes)}\n${watched.problem()}`,
    proxiesChanged,
  );
  const server = await startHttpServer(options.dashboard, {
    routes: apiRoutes(eyes, connection.server),
    events,
    log,
    staticFolder: options.staticFolder,
    prometheus: (path, parameters) => prometheusAnswer(path, parameters, eyes),
    policy: accessPolicy(options, eyes),
  });
  const url = `http://${server.host}:${server.port}`;
  const peerServer = await answerPeers(options, eyes, url);
  watched.start();
  const cancelWait = scrapeWhenRead(eyes, objects.start(stop.signal));
  return {
    url,
    host: server.host,
    port: server.port,
    eyes,
    close: async () => {
      stop.abort();
      cancelWait();
      scraper.stop();
      metrics.close();
      watched.close();
      eyes.peerTraces.close();
      eyes.peers.close();
      await Promise.all([server.close(), receivers.close(), peerServer?.close()]);
    },
  };
};
