import type { Client } from '@grpc/grpc-js';
import { deltaClient, sotwClient, typeUrls } from '@lateen/xds';
import type { Node } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { Gauge } from '../stats/metric.ts';
import { type AdsStream, openClient, openDelta, openSotw } from './ads-channel.ts';
import type { AdsDependencies } from './ads-dependencies.ts';
import { AdsSession } from './ads-session.ts';

/** What the client is made of. */
export interface AdsOptions extends AdsDependencies {
  readonly clusterName: string;
  readonly isDelta: boolean;
  readonly node: Node;
  readonly wantsClusters: boolean;
  readonly wantsListeners: boolean;
}

/** First wait before a reconnection, doubled each time up to the last; a part of it is drawn. */
const firstBackoffMs = 200;
const maxBackoffMs = 15_000;

/** Connects, reconnects. */
interface Connector {
  open(client: Client): { cancel(): void; onEnd(run: (reason: string) => void): void };
  detach(): void;
  readonly isReady: boolean;
}

const connectorOf = <Request, Response extends { readonly typeUrl: string }>(
  session: AdsSession<Request, Response>,
  open: (client: Client) => AdsStream<Request, Response>,
  onFirstResponse: () => void,
): Connector => ({
  open: (client) => {
    const stream = open(client);
    session.attach(stream, onFirstResponse);
    return stream;
  },
  detach: () => session.detach(),
  get isReady() {
    return session.isReady;
  },
});

/** Keeps a stream to the control plane; what was configured stays in force while there is none. */
export class AdsClient {
  readonly #options: AdsOptions;
  readonly #connector: Connector;
  readonly #connected: Gauge;
  #failures = 0;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined = undefined;
  #client: Client | undefined = undefined;
  #cancel: (() => void) | undefined = undefined;

  constructor(options: AdsOptions) {
    this.#options = options;
    this.#connected = options.stats.gauge(
      'envoy_control_plane_connected_state',
      {},
      'control_plane.connected_state',
    );
    const roots = [
      ...(options.wantsClusters ? [typeUrls.cluster] : []),
      ...(options.wantsListeners ? [typeUrls.listener] : []),
    ];
    const { configuration, log, node } = options;
    const parts = { configuration, log, node, roots };
    const onFirst = (): void => this.#onResponse();
    this.#connector = options.isDelta
      ? connectorOf<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
          new AdsSession(deltaClient, parts),
          openDelta,
          onFirst,
        )
      : connectorOf<DiscoveryRequest, DiscoveryResponse>(
          new AdsSession(sotwClient, parts),
          openSotw,
          onFirst,
        );
  }

  /** A first configuration is in force. */
  get isReady(): boolean {
    return this.#connector.isReady;
  }

  get isConnected(): boolean {
    return this.#connected.value === 1;
  }

  start(): void {
    if (this.#stopped) return;
    const { configuration, clusterName, dice, log } = this.#options;
    const cluster = configuration.clusters.get(clusterName);
    if (cluster === undefined) return;
    const client = openClient(cluster, dice);
    this.#client = client;
    const stream = this.#connector.open(client);
    this.#cancel = () => stream.cancel();
    stream.onEnd((reason) => {
      log.warn('control plane is gone, serving what is known', { reason });
      this.#connected.value = 0;
      this.#connector.detach();
      client.close();
      this.#reconnectLater();
    });
  }

  #onResponse(): void {
    this.#failures = 0;
    this.#connected.value = 1;
  }

  #reconnectLater(): void {
    if (this.#stopped) return;
    const most = Math.min(firstBackoffMs * 2 ** this.#failures, maxBackoffMs);
    this.#failures++;
    const delay = most / 2 + this.#options.dice(Math.ceil(most / 2));
    // Keeps the process alive: without a control plane it still has listeners to come.
    this.#timer = setTimeout(() => this.start(), delay);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#cancel?.();
    this.#client?.close();
  }
}
