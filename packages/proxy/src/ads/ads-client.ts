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
import { type AdsStream, openDelta, openSotw } from './ads-channel.ts';
import type { AdsDependencies } from './ads-dependencies.ts';
import { AdsSession } from './ads-session.ts';
import { type KeptStream, StreamKeeper } from './stream-keeper.ts';

/** What the client is made of. */
export interface AdsOptions extends AdsDependencies {
  readonly clusterName: string;
  readonly isDelta: boolean;
  readonly node: Node;
  readonly wantsClusters: boolean;
  readonly wantsListeners: boolean;
}

/** Connects, reconnects. */
interface Connector {
  open(client: Client): KeptStream;
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
  readonly #connector: Connector;
  readonly #connected: Gauge;
  readonly #keeper: StreamKeeper;

  constructor(options: AdsOptions) {
    this.#connected = options.stats.gauge(
      'envoy_control_plane_connected_state',
      {},
      'control_plane.connected_state',
    );
    const roots = [
      ...(options.wantsClusters ? [typeUrls.cluster] : []),
      ...(options.wantsListeners ? [typeUrls.listener] : []),
    ];
    const { configuration, log, node, stats } = options;
    const parts = { configuration, log, node, stats, roots };
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
    this.#keeper = new StreamKeeper({
      cluster: () => configuration.clusters.get(options.clusterName),
      contexts: options.contexts,
      dice: options.dice,
      log,
      what: 'control plane',
      open: (client) => this.#connector.open(client),
      ended: () => {
        this.#connected.value = 0;
        this.#connector.detach();
      },
    });
  }

  /** A first configuration is in force. */
  get isReady(): boolean {
    return this.#connector.isReady;
  }

  get isConnected(): boolean {
    return this.#connected.value === 1;
  }

  start(): void {
    this.#keeper.start();
  }

  #onResponse(): void {
    this.#keeper.answered();
    this.#connected.value = 1;
  }

  stop(): void {
    this.#keeper.stop();
  }
}
