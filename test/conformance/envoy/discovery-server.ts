import { type DescMethod, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import {
  createSnapshot,
  deltaServer,
  openServerState,
  type Resource,
  type ServerProtocol,
  type Snapshot,
  shortTypeName,
  sotwServer,
  typeUrls,
} from '@lateen/xds';
import { AggregatedDiscoveryService } from '@lateen/xds/gen/envoy/service/discovery/v3/ads_pb.js';
import { SecretDiscoveryService } from '@lateen/xds/gen/envoy/service/secret/v3/sds_pb.js';

type Message = Parameters<typeof toBinary>[1];

/** What both variants of a request have. */
interface Request {
  readonly typeUrl: string;
  readonly node?: { readonly id: string } | undefined;
  readonly errorDetail?: { readonly message: string } | undefined;
}

const methodDefinition = (service: DescService, method: DescMethod) => ({
  path: `/${service.typeName}/${method.name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
  requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
  responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
  responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
});

const definitionOf = (service: DescService): ServiceDefinition =>
  Object.fromEntries(
    service.methods
      .filter(({ methodKind }) => methodKind === 'bidi_streaming')
      .map((method) => [method.localName, methodDefinition(service, method)]),
  );

/** What one proxy has and refuses. */
interface Client {
  readonly snapshot: Snapshot;
  readonly refusals: string[];
}

/**
 * ADS and SDS for Envoys of tests: each gets, by the id of its node, exactly the resources it was
 * given, by the state machines that istiod and agents serve with.
 */
export class DiscoveryServer {
  readonly #server = new Server();
  readonly #clients = new Map<string, Client>();

  constructor() {
    this.#server.addService(definitionOf(AggregatedDiscoveryService), {
      deltaAggregatedResources: this.#handler(deltaServer),
      streamAggregatedResources: this.#handler(sotwServer),
    });
    this.#server.addService(definitionOf(SecretDiscoveryService), {
      deltaSecrets: this.#handler(deltaServer),
      streamSecrets: this.#handler(sotwServer),
    });
  }

  /** Listens on a free port of loopback and returns it. */
  listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
    return promise;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  put(nodeId: string, resources: readonly Resource[]): void {
    this.#clients.set(nodeId, { snapshot: createSnapshot(resources), refusals: [] });
  }

  remove(nodeId: string): void {
    this.#clients.delete(nodeId);
  }

  /** What a proxy refused so far, and why. */
  refusals(nodeId: string): readonly string[] {
    return this.#clients.get(nodeId)?.refusals ?? [];
  }

  #handler<Req extends Request, Response>(protocol: ServerProtocol<Req, Response>) {
    return (call: ServerDuplexStream<Req, Response>): void => {
      let state = openServerState;
      let client: Client | undefined;
      call.on('data', (request: Req) => {
        client ??= this.#clients.get(request.node?.id ?? '');
        if (client === undefined) {
          call.end();
          return;
        }
        // Streams of secrets may leave their only type out.
        const typeUrl = request.typeUrl || typeUrls.secret;
        const { errorDetail } = request;
        if (errorDetail !== undefined) {
          client.refusals.push(`${shortTypeName(typeUrl)}: ${errorDetail.message}`);
        }
        state = protocol.receive(state, { ...request, typeUrl });
        const step = protocol.respond(state, client.snapshot);
        state = step.state;
        for (const response of step.responses) call.write(response);
      });
      call.on('end', () => call.end());
      call.on('error', () => undefined);
    };
  }
}
