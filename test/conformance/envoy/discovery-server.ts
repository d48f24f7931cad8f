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
  type Snapshot,
  shortTypeName,
  typeUrls,
} from '@lateen/xds';
import { AggregatedDiscoveryService } from '@lateen/xds/gen/envoy/service/discovery/v3/ads_pb.js';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import { SecretDiscoveryService } from '@lateen/xds/gen/envoy/service/secret/v3/sds_pb.js';

type Message = Parameters<typeof toBinary>[1];
type Stream = ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

const methodDefinition = (service: DescService, method: DescMethod) => ({
  path: `/${service.typeName}/${method.name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
  requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
  responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
  responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
});

const definitionOf = (service: DescService, localName: string): ServiceDefinition =>
  Object.fromEntries(
    service.methods
      .filter((method) => method.localName === localName)
      .map((method) => [localName, methodDefinition(service, method)]),
  );

/** What one proxy has and refuses. */
interface Client {
  readonly snapshot: Snapshot;
  readonly refusals: string[];
}

/**
 * Delta ADS and SDS for Envoys of tests: each gets, by the id of its node, exactly the resources it was
 * given, by the state machine that istiod serves with.
 */
export class DiscoveryServer {
  readonly #server = new Server();
  readonly #clients = new Map<string, Client>();

  constructor() {
    this.#server.addService(definitionOf(AggregatedDiscoveryService, 'deltaAggregatedResources'), {
      deltaAggregatedResources: (call: Stream) => this.#serve(call),
    });
    this.#server.addService(definitionOf(SecretDiscoveryService, 'deltaSecrets'), {
      deltaSecrets: (call: Stream) => this.#serve(call),
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

  #serve(call: Stream): void {
    let state = openServerState;
    let client: Client | undefined;
    call.on('data', (request: DeltaDiscoveryRequest) => {
      client ??= this.#clients.get(request.node?.id ?? '');
      if (client === undefined) {
        call.end();
        return;
      }
      const typeUrl = request.typeUrl || typeUrls.secret;
      const { errorDetail } = request;
      if (errorDetail !== undefined) {
        client.refusals.push(`${shortTypeName(typeUrl)}: ${errorDetail.message}`);
      }
      state = deltaServer.receive(state, { ...request, typeUrl });
      const step = deltaServer.respond(state, client.snapshot);
      state = step.state;
      for (const response of step.responses) call.write(response);
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  }
}
