import type { KubeObject } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import { FakeKubeClient, systemClock } from '@lateen/kube';
import { apiRoutes } from '../api/api-routes.ts';
import type { MeshPlace } from '../clusters/other-clusters.ts';
import { ConfigHistory } from '../config/config-history.ts';
import { wireObjectEvents } from '../event-wiring.ts';
import { createEyes, type Eyes } from '../eyes.ts';
import { LogStore } from '../logs/log-store.ts';
import { MeshObjects } from '../mesh/mesh-objects.ts';
import { findWatchedKind } from '../mesh/watched-kinds.ts';
import { SeriesStore } from '../metrics/series-store.ts';
import { meshPeers } from '../peers/mesh-peers.ts';
import { peerRoutes } from '../peers/peer-routes.ts';
import { startPeerServer } from '../peers/peer-server.ts';
import { prometheusAnswer } from '../promql/prometheus-api.ts';
import { Scraper } from '../scrape/scraper.ts';
import { EventStream } from '../server/event-stream.ts';
import { startHttpServer } from '../server/http-server.ts';
import type { AccessPolicy } from '../server/request-guard.ts';
import { proxyMetrics } from '../source/metrics-source.ts';
import { localTraces } from '../source/watched-traces.ts';
import { TelemetryError } from '../telemetry-error.ts';
import { TraceStore } from '../traces/trace-store.ts';

/** A server over a mesh that is only objects: nothing is scraped, no proxy answers. */
export interface RunningEyes {
  readonly eyes: Eyes;
  readonly client: FakeKubeClient;
  readonly url: string;
  /** Sends JSON as our page does; `headers` replace. */
  call(
    method: string,
    path: string,
    options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<{ readonly status: number; readonly body: never }>;
  close(): Promise<void>;
}

/** Starts it on a free port, when all objects are read. */
export const runningEyes = async (
  objects: readonly KubeObject[],
  policy: Partial<AccessPolicy> = {},
  place?: MeshPlace,
): Promise<RunningEyes> => {
  const client = new FakeKubeClient();
  for (const object of objects) {
    const kind = findWatchedKind(object.kind);
    if (kind !== undefined) await client.create(kind.resource, object);
  }
  const common = { clock: systemClock, log: silentLogger };
  const stop = new AbortController();
  const meshObjects = new MeshObjects({ ...common, client, jitter: () => 0 });
  const events = new EventStream(systemClock);
  const history = new ConfigHistory(systemClock.nowMs());
  wireObjectEvents(meshObjects, { events, history, clock: systemClock });
  const store = new SeriesStore();
  const traces = new TraceStore();
  const unreachable = () => Promise.reject(new TelemetryError('no-answer', 'nobody there'));
  const eyes = createEyes({
    ...common,
    client,
    objects: meshObjects,
    store,
    history,
    scraper: new Scraper({
      ...common,
      store,
      targets: () => [],
      fetchMetrics: unreachable,
      onRound: () => undefined,
    }),
    traces,
    logs: new LogStore(),
    watched: localTraces(traces),
    metrics: proxyMetrics(meshObjects),
    raw: { get: unreachable },
    ...(place !== undefined && { place }),
    ...meshPeers(
      place,
      { store, traces },
      { clock: systemClock, onNew: () => undefined, onChange: () => undefined },
    ),
    hasToken: policy.token !== undefined,
    receiverPorts: () => ({ otlpPort: 0, otlpGrpcPort: 0, zipkinPort: 0 }),
  });
  await meshObjects.start(stop.signal);
  const server = await startHttpServer(
    { host: '127.0.0.1', port: 0 },
    {
      routes: apiRoutes(eyes, 'https://127.0.0.1:6443'),
      events,
      log: silentLogger,
      staticFolder: () => Promise.resolve(undefined),
      prometheus: (path, parameters) => prometheusAnswer(path, parameters, eyes),
      policy: { allowedHosts: () => new Set(), isReadOnly: false, ...policy },
    },
  );
  const url = `http://127.0.0.1:${server.port}`;
  const peerServer =
    place?.eyes && (await startPeerServer(place.eyes.socket, peerRoutes(eyes, url), silentLogger));
  return {
    eyes,
    client,
    url,
    call: async (method, path, { body, headers = {} } = {}) => {
      const response = await fetch(`${url}/api/v1/${path}`, {
        method,
        headers: {
          'x-lateen-request': '1',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as never };
    },
    close: async () => {
      stop.abort();
      eyes.peerTraces.close();
      eyes.peers.close();
      await Promise.all([server.close(), peerServer?.close()]);
    },
  };
};
