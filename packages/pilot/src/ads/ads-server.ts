import * as grpc from '@grpc/grpc-js';
import type { Clock, Logger } from '@lateen/base';
import { formatDiagnostic } from '@lateen/base';
import type { SpiffeId } from '@lateen/identity';
import { describeProxy, type ProxyDescriptor, type ProxyNode } from '@lateen/translator';
import { deltaServer, type ServerProtocol, shortTypeName, sotwServer } from '@lateen/xds';
import type { Node } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { AggregatedDiscoveryService } from '@lateen/xds/gen/envoy/service/discovery/v3/ads_pb.js';
import type { Status } from '@lateen/xds/gen/google/rpc/status_pb.js';
import type { PilotMetrics } from '../metrics/pilot-metrics.ts';
import { PilotError } from '../pilot-error.ts';
import type { AutoRegistration } from '../registration/auto-registration.ts';
import { grpcServiceDefinition } from './grpc-service.ts';
import { type ConnectedProxy, ProxyStream, type ResourceBuilder } from './proxy-stream.ts';
import type { StreamGuard } from './stream-guard.ts';

/** Largest request: a proxy names what it subscribes to, some hundred bytes a name. */
const maxRequestBytes = 16 * 1024 * 1024;

/** Proxies that may be connected at once; beyond, new streams are refused until others leave. */
const maxConnections = 10_000;

/** A proxy that vanished without closing its socket is noticed within the sum of the two. */
const keepaliveTimeMs = 30_000;
const keepaliveTimeoutMs = 10_000;

/** Not a resource: an agent's word on the health of the app, unhealthy with an error detail (Istio's agent). */
const healthTypeUrl = 'type.googleapis.com/istio.v1.HealthInformation';

/** How long an orderly end of all streams may take before sockets are cut. */
const shutdownMs = 1_000;

/** A proxy's connection, for push and status. */
export interface Connection {
  /** Unique in this process: node id and a number. */
  readonly id: string;
  readonly node: Node;
  readonly stream: ConnectedProxy;
  readonly protocol: 'delta' | 'sotw';
  readonly peer: string;
  /** Milliseconds since the epoch. */
  readonly connectedMs: number;
  /** Who it proved to be; undefined on the plaintext port. */
  readonly identity: SpiffeId | undefined;
}

/** A connection, and how its stream is ended. */
interface OpenConnection {
  readonly connection: Connection;
  readonly end: (details: string) => void;
}

export interface AdsServerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: PilotMetrics;
  /** The generators of the latest push. */
  readonly builder: () => ResourceBuilder;
  readonly onDisconnect: (connection: Connection) => void;
  /** WorkloadEntries of proxies outside Kubernetes. Default: none are made. */
  readonly registration?: AutoRegistration;
  /** Default: every node is believed, and there are no secrets. */
  readonly guard?: StreamGuard;
}

interface AdsRequest {
  readonly typeUrl: string;
  readonly node?: Node | undefined;
  readonly errorDetail?: Status | undefined;
}

/** A response of either variant: resources as they are, or each with its name. */
interface AdsResponse {
  readonly typeUrl: string;
  readonly resources: readonly {
    readonly value?: Uint8Array;
    readonly resource?: { readonly value: Uint8Array } | undefined;
  }[];
}

const sizeOf = ({ resources }: AdsResponse): number =>
  resources.reduce(
    (sum, { value, resource }) => sum + (value ?? resource?.value ?? new Uint8Array()).length,
    0,
  );

const labelOf = (typeUrl: string): string => shortTypeName(typeUrl).toLowerCase();

/** Serves `AggregatedDiscoveryService` in both variants and knows who is connected. */
export class AdsServer {
  readonly #options: AdsServerOptions;
  readonly #server: grpc.Server;
  readonly #connections = new Map<string, OpenConnection>();
  #connectionCount = 0;

  constructor(options: AdsServerOptions) {
    this.#options = options;
    this.#server = new grpc.Server({
      'grpc.max_receive_message_length': maxRequestBytes,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': keepaliveTimeMs,
      'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    });
    this.#server.addService(grpcServiceDefinition(AggregatedDiscoveryService), {
      deltaAggregatedResources: this.#handler(deltaServer, 'delta'),
      streamAggregatedResources: this.#handler(sotwServer, 'sotw'),
    });
  }

  /** For further services and listeners of the same control plane. */
  get server(): grpc.Server {
    return this.#server;
  }

  get connections(): readonly Connection[] {
    return [...this.#connections.values()].map(({ connection }) => connection);
  }

  /** Binds `host:port` (port 0: any free one) and returns the port. Rejects with `listen-failed`. */
  async listen(address: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else
        reject(
          new PilotError('listen-failed', `cannot serve xDS on ${address}: ${error.message}`, {
            cause: error,
          }),
        );
    });
    return promise;
  }

  /** Ends one stream with UNAVAILABLE: the proxy keeps what it has and asks again. */
  end({ id }: Connection, reason: string): void {
    const { log } = this.#options;
    log.warn('stream ended', { connection: id, reason });
    this.#connections.get(id)?.end(reason);
  }

  /** Ends all streams with UNAVAILABLE, so that proxies reconnect elsewhere, and closes. */
  async close(): Promise<void> {
    for (const { end } of this.#connections.values()) end('istiod is shutting down');
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.tryShutdown(() => resolve());
    const cancel = this.#options.clock.schedule(shutdownMs, () => this.#server.forceShutdown());
    await promise;
    cancel();
  }

  #handler<Request extends AdsRequest, Response extends AdsResponse>(
    protocol: ServerProtocol<Request, Response>,
    variant: Connection['protocol'],
  ): grpc.handleBidiStreamingCall<Request, Response> {
    return (call) => {
      let open: OpenStream<Request> | undefined;
      let isClosed = false;
      const receive = (request: Request): void => {
        try {
          if (open !== undefined) this.#receive(open, request);
        } catch (error) {
          this.#fail(call, error, request);
        }
      };
      const begin = async (request: Request): Promise<void> => {
        const admitted = await this.#admit(call, request.node);
        if (admitted !== undefined && isClosed) this.#options.registration?.disconnected(admitted);
        if (admitted === undefined || isClosed) return;
        open = this.#open({ call, protocol, variant }, admitted);
        receive(request);
        call.resume();
      };
      call.on('data', (request: Request) => {
        if (open !== undefined) return receive(request);
        // Nothing more is read until it is known who this is.
        call.pause();
        begin(request).catch((error: unknown) => this.#fail(call, error, request));
      });
      call.on('end', () => call.end());
      // A reset by the proxy arrives as an error and then closes; there is nobody to tell.
      call.on('error', () => undefined);
      call.on('close', () => {
        isClosed = true;
        this.#disconnect(open);
      });
    };
  }

  #open<Request extends AdsRequest, Response extends AdsResponse>(
    first: FirstRequest<Request, Response>,
    { proxy, node, identity }: Admitted,
  ): OpenStream<Request> {
    const { call, protocol, variant } = first;
    const { clock, builder, metrics, log, guard } = this.#options;
    const stream = new ProxyStream<Request, Response>({
      proxy,
      protocol,
      builder: builder(),
      secrets: (names) => guard?.secrets(proxy, identity, names) ?? [],
      send: (response) => {
        const type = labelOf(response.typeUrl);
        metrics.pushes.add(1, { type });
        metrics.configSize.observe(sizeOf(response), { type });
        const startedMs = clock.nowMs();
        call.write(response, () =>
          metrics.sendTime.observe((clock.nowMs() - startedMs) / 1_000, { type }),
        );
      },
      measure: (typeUrl, build) => {
        const startedMs = clock.nowMs();
        const built = build();
        metrics.pushTime.observe((clock.nowMs() - startedMs) / 1_000, { type: labelOf(typeUrl) });
        return built;
      },
    });
    this.#connectionCount += 1;
    const connection: Connection = {
      id: `${proxy.id}-${this.#connectionCount}`,
      node,
      stream,
      protocol: variant,
      peer: call.getPeer(),
      connectedMs: clock.nowMs(),
      identity,
    };
    const end = (details: string): void => {
      call.emit('error', { code: grpc.status.UNAVAILABLE, details });
    };
    this.#connections.set(connection.id, { connection, end });
    metrics.connected.set(this.#connections.size);
    log.info('proxy connected', { proxy: proxy.id, protocol: variant, connection: connection.id });
    return { connection, stream };
  }

  /** Who it is, or the end of the stream with the reason. */
  async #admit(
    call: grpc.ServerDuplexStream<unknown, unknown>,
    node: Node | undefined,
  ): Promise<Admitted | undefined> {
    const refuse = (code: grpc.status, details: string): undefined => {
      this.#options.log.warn('stream refused', { peer: call.getPeer(), reason: details });
      call.emit('error', { code, details });
      return undefined;
    };
    if (this.#connections.size >= maxConnections)
      return refuse(grpc.status.RESOURCE_EXHAUSTED, `${maxConnections} proxies are connected`);
    if (node === undefined)
      return refuse(grpc.status.INVALID_ARGUMENT, 'the first request of a stream must have a node');
    const { value, diagnostics } = describeProxy(proxyNodeOf(node));
    if (value === undefined)
      return refuse(grpc.status.INVALID_ARGUMENT, diagnostics.map(formatDiagnostic).join('; '));
    for (const diagnostic of diagnostics)
      this.#options.log.warn('odd node metadata', {
        proxy: node.id,
        reason: formatDiagnostic(diagnostic),
      });
    const admission = await this.#options.guard?.admit(call, value);
    const identity = admission?.identity;
    const refusal =
      admission?.refusal ??
      (await this.#options.registration?.connected({ node, proxy: value, identity }));
    return refusal === undefined
      ? { proxy: value, node, identity }
      : refuse(refusal.code, refusal.message);
  }

  #receive<Request extends AdsRequest>(open: OpenStream<Request>, request: Request): void {
    const { errorDetail, typeUrl } = request;
    if (typeUrl === healthTypeUrl) {
      const { node, stream } = open.connection;
      void this.#options.registration?.reported(
        { node, proxy: stream.proxy },
        errorDetail?.message,
      );
      return;
    }
    if (errorDetail !== undefined) {
      const { metrics, log } = this.#options;
      metrics.rejects.add(1, { type: labelOf(typeUrl) });
      log.warn('proxy rejected configuration', {
        proxy: open.connection.stream.proxy.id,
        type: shortTypeName(typeUrl),
        reason: errorDetail.message,
      });
    }
    open.stream.receive(request);
  }

  /** A fault of ours while serving one proxy ends its stream and leaves all others alone. */
  #fail(
    call: grpc.ServerDuplexStream<unknown, unknown>,
    error: unknown,
    request: AdsRequest,
  ): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.metrics.internalErrors.add(1);
    this.#options.log.error('request failed', {
      peer: call.getPeer(),
      type: request.typeUrl,
      reason,
    });
    call.emit('error', {
      code: grpc.status.INTERNAL,
      details: 'istiod failed to build a response',
    });
  }

  #disconnect(open: { readonly connection: Connection } | undefined): void {
    if (open === undefined || !this.#connections.delete(open.connection.id)) return;
    const { metrics, log, onDisconnect } = this.#options;
    metrics.connected.set(this.#connections.size);
    log.info('proxy disconnected', { connection: open.connection.id });
    this.#options.registration?.disconnected({
      node: open.connection.node,
      proxy: open.connection.stream.proxy,
    });
    onDisconnect(open.connection);
  }
}

/** A proxy that may be served. */
interface Admitted {
  readonly proxy: ProxyDescriptor;
  readonly node: Node;
  /** Undefined on the plaintext port. */
  readonly identity: SpiffeId | undefined;
}

interface FirstRequest<Request, Response> {
  readonly call: grpc.ServerDuplexStream<Request, Response>;
  readonly protocol: ServerProtocol<Request, Response>;
  readonly variant: Connection['protocol'];
}

interface OpenStream<Request> {
  readonly connection: Connection;
  readonly stream: { receive(request: Request): void };
}

const proxyNodeOf = ({ id, cluster, metadata, locality, extensions }: Node): ProxyNode => ({
  id,
  cluster,
  metadata: metadata ?? {},
  extensions: extensions.flatMap(({ typeUrls }) => typeUrls),
  ...(locality === undefined
    ? {}
    : { locality: { region: locality.region, zone: locality.zone, subZone: locality.subZone } }),
});
