import { chmodSync, rmSync } from 'node:fs';
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import type { Clock, Logger } from '@lateen/base';
import {
  createSnapshot,
  deltaServer,
  openServerState,
  resourcesOfType,
  type ServerProtocol,
  type ServerState,
  sotwServer,
  typeUrls,
} from '@lateen/xds';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import { AgentError } from './agent-error.ts';
import { isFileName, secretResources } from './secret-resources.ts';
import type { WorkloadSecrets } from './workload-certificate.ts';

const service = '/envoy.service.secret.v3.SecretDiscoveryService';
/** Files that a stream subscribes to are read again this often. */
const filePollMs = 5_000;
/** Longest path of a Unix socket: `sun_path` of Linux has 108 bytes and ends with a zero. */
export const maxSocketPathBytes = 107;

interface SecretRequest {
  readonly typeUrl: string;
  readonly errorDetail?: { readonly message: string } | undefined;
}

const streamMethod = (name: string, request: DescMessage, response: DescMessage) => ({
  path: `${service}/${name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: (message: MessageShape<DescMessage>) => Buffer.from(toBinary(request, message)),
  requestDeserialize: (bytes: Buffer) => fromBinary(request, bytes),
  responseSerialize: (message: MessageShape<DescMessage>) =>
    Buffer.from(toBinary(response, message)),
  responseDeserialize: (bytes: Buffer) => fromBinary(response, bytes),
});

const definition: ServiceDefinition = {
  streamSecrets: streamMethod('StreamSecrets', DiscoveryRequestSchema, DiscoveryResponseSchema),
  deltaSecrets: streamMethod(
    'DeltaSecrets',
    DeltaDiscoveryRequestSchema,
    DeltaDiscoveryResponseSchema,
  ),
};

/** One stream: what it wants, and what it was sent. */
class SecretStream<Request extends SecretRequest, Response> {
  readonly #call: ServerDuplexStream<Request, Response>;
  readonly #protocol: ServerProtocol<Request, Response>;
  #state: ServerState = openServerState;

  constructor(
    call: ServerDuplexStream<Request, Response>,
    protocol: ServerProtocol<Request, Response>,
  ) {
    this.#call = call;
    this.#protocol = protocol;
  }

  get names(): ReadonlySet<string> {
    return this.#state.subscriptions.get(typeUrls.secret)?.names ?? new Set();
  }

  receive(request: Request, secrets: WorkloadSecrets): void {
    // No other type lives here, and a first request may leave it out.
    const typed = { ...request, typeUrl: typeUrls.secret };
    this.#state = this.#protocol.receive(this.#state, typed);
    this.push(secrets);
  }

  /** Sends what the proxy does not have; nothing at all while none of what it wants exists. */
  push(secrets: WorkloadSecrets): void {
    const snapshot = createSnapshot(secretResources(this.names, secrets));
    if (resourcesOfType(snapshot, typeUrls.secret).size === 0) return;
    const { state, responses } = this.#protocol.respond(this.#state, snapshot);
    this.#state = state;
    for (const response of responses) this.#call.write(response);
  }
}

export interface SecretServerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** The secrets of now. */
  readonly secrets: () => WorkloadSecrets;
}

/** `envoy.service.secret.v3.SecretDiscoveryService` on a Unix socket that only its owner may open. */
export class SecretServer {
  readonly #options: SecretServerOptions;
  readonly #server = new Server();
  readonly #streams = new Set<Pick<SecretStream<never, never>, 'push' | 'names'>>();
  #path: string | undefined;
  #cancelPoll: () => void = () => undefined;

  constructor(options: SecretServerOptions) {
    this.#options = options;
    this.#server.addService(definition, {
      streamSecrets: this.#handler(sotwServer),
      deltaSecrets: this.#handler(deltaServer),
    });
  }

  /** Rejects with AgentError `listen-failed`; a socket that an earlier process left is replaced. */
  async listen(path: string): Promise<void> {
    if (Buffer.byteLength(path) > maxSocketPathBytes)
      throw new AgentError(
        'listen-failed',
        `the socket path ${path} is longer than ${maxSocketPathBytes} bytes`,
      );
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (cause) => {
      if (cause === null) resolve();
      else
        reject(
          new AgentError('listen-failed', `cannot listen on ${path}: ${cause.message}`, { cause }),
        );
    });
    await promise;
    chmodSync(path, 0o600);
    this.#path = path;
    this.#pollFiles();
  }

  /** After a change of the secrets. */
  push(): void {
    for (const stream of this.#streams) stream.push(this.#options.secrets());
  }

  close(): void {
    this.#cancelPoll();
    this.#server.forceShutdown();
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
  }

  #handler<Request extends SecretRequest, Response>(protocol: ServerProtocol<Request, Response>) {
    return (call: ServerDuplexStream<Request, Response>): void => {
      const stream = new SecretStream(call, protocol);
      this.#streams.add(stream);
      call.on('data', (request: Request) => {
        const { errorDetail } = request;
        if (errorDetail !== undefined)
          this.#options.log.warn('the proxy refused a secret', { reason: errorDetail.message });
        stream.receive(request, this.#options.secrets());
      });
      call.on('end', () => call.end());
      call.on('error', () => undefined);
      call.on('close', () => this.#streams.delete(stream));
    };
  }

  #pollFiles(): void {
    this.#cancelPoll = this.#options.clock.schedule(filePollMs, () => {
      for (const stream of this.#streams)
        if ([...stream.names].some(isFileName)) stream.push(this.#options.secrets());
      this.#pollFiles();
    });
  }
}
