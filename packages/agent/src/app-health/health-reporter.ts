import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import type { Clock, Logger } from '@lateen/base';
import type { Node } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import { StatusSchema } from '@lateen/xds/gen/google/rpc/status_pb.js';
import type { CertificateSettings } from '../settings.ts';
import type { WorkloadSecrets } from '../workload-certificate.ts';

const method = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
/** Istio's agent says how its app is with requests of this type: an error detail means unwell. */
const healthTypeUrl = 'type.googleapis.com/istio.v1.HealthInformation';
const unhealthyCode = 500;
/** Wait before the next stream after one that ended. */
const retryMs = 2_000;

export interface HealthReporterOptions {
  readonly settings: CertificateSettings;
  readonly node: Node;
  readonly secrets: () => WorkloadSecrets;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Tells istiod how the app is, on a stream of its own, again whenever the stream had to be opened anew. */
export class HealthReporter {
  readonly #options: HealthReporterOptions;
  #client: Client | undefined;
  #stream: ClientDuplexStream<Uint8Array, DeltaDiscoveryResponse> | undefined;
  #problem: string | undefined;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(options: HealthReporterOptions) {
    this.#options = options;
  }

  /** Undefined: well; else why not. */
  report(problem: string | undefined): void {
    this.#problem = problem;
    this.#options.log.info('health of the app', { problem: problem ?? 'none' });
    if (this.#stream === undefined) this.#open();
    else this.#send(this.#stream);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#client?.close();
    this.#stream?.cancel();
  }

  #open(): void {
    if (this.#isClosed) return;
    const { settings, secrets, log } = this.#options;
    const { certificate, roots } = secrets();
    if (certificate === undefined || roots === undefined) {
      this.#retry();
      return;
    }
    const client = new Client(
      settings.caAddress,
      credentials.createSsl(
        Buffer.from(roots),
        Buffer.from(certificate.key),
        Buffer.from(certificate.chain),
      ),
      {
        'grpc.ssl_target_name_override': settings.caName,
        'grpc.default_authority': settings.caName,
        'grpc.use_local_subchannel_pool': 1,
        'grpc.enable_http_proxy': 0,
      },
    );
    const stream = client.makeBidiStreamRequest<Uint8Array, DeltaDiscoveryResponse>(
      method,
      (bytes) => Buffer.from(bytes),
      (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    );
    this.#client = client;
    this.#stream = stream;
    stream.on('data', () => undefined);
    stream.on('error', (error) => log.warn('health not reported', { reason: error.message }));
    stream.on('close', () => {
      client.close();
      this.#stream = undefined;
      this.#retry();
    });
    this.#send(stream);
  }

  #retry(): void {
    if (this.#isClosed) return;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.schedule(retryMs, () => this.#open());
  }

  #send(stream: ClientDuplexStream<Uint8Array, DeltaDiscoveryResponse>): void {
    const problem = this.#problem;
    const request = create(DeltaDiscoveryRequestSchema, {
      node: this.#options.node,
      typeUrl: healthTypeUrl,
      ...(problem !== undefined && {
        errorDetail: create(StatusSchema, { code: unhealthyCode, message: problem }),
      }),
    });
    stream.write(toBinary(DeltaDiscoveryRequestSchema, request));
  }
}
