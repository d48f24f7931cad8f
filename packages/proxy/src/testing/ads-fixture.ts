import {
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import type { CertificateAndKey, CertificateAuthority } from '@lateen/identity';
import {
  createResource,
  createSnapshot,
  deltaServer,
  loadTypeRegistry,
  openServerState,
  type Resource,
  type ServerProtocol,
  type ServerState,
  type Snapshot,
  sotwServer,
  typeUrls,
} from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { SecretSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';

/** Resources in protobuf JSON. */
export interface FixtureResources {
  readonly clusters?: readonly JsonObject[];
  readonly endpoints?: readonly JsonObject[];
  readonly listeners?: readonly JsonObject[];
  readonly routes?: readonly JsonObject[];
  readonly secrets?: readonly JsonObject[];
}

/** Mutual TLS of a control plane. */
export interface FixtureSecurity {
  readonly pair: CertificateAndKey;
  readonly authority: CertificateAuthority;
}

/** A request as far as tests look at it. */
export interface SeenRequest {
  readonly typeUrl: string;
  readonly error: string | undefined;
}

/** A control plane for tests. */
export interface AdsFixture extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly SeenRequest[];
  /** Names in the certificates of proxies, one for each stream. */
  readonly peers: readonly string[];
  /** Replaces everything; connected proxies get the difference. */
  set(resources: FixtureResources): Promise<void>;
  readonly streams: number;
}

const method = (name: string, request: DescMessage, response: DescMessage) => ({
  path: `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: (message: MessageShape<typeof request>) =>
    Buffer.from(toBinary(request, message)),
  requestDeserialize: (bytes: Buffer) => fromBinary(request, bytes),
  responseSerialize: (message: MessageShape<typeof response>) =>
    Buffer.from(toBinary(response, message)),
  responseDeserialize: (bytes: Buffer) => fromBinary(response, bytes),
});

const service: ServiceDefinition = {
  delta: method(
    'DeltaAggregatedResources',
    DeltaDiscoveryRequestSchema,
    DeltaDiscoveryResponseSchema,
  ),
  sotw: method('StreamAggregatedResources', DiscoveryRequestSchema, DiscoveryResponseSchema),
};

const buildSnapshot = async (resources: FixtureResources): Promise<Snapshot> => {
  const registry = await loadTypeRegistry();
  const make = <Desc extends DescMessage>(
    typeUrl: string,
    schema: Desc,
    key: string,
    list: readonly JsonObject[] = [],
  ): Resource[] =>
    list.map((json) =>
      createResource(typeUrl, String(json[key]), schema, fromJson(schema, json, { registry })),
    );
  return createSnapshot([
    ...make(typeUrls.cluster, ClusterSchema, 'name', resources.clusters),
    ...make(typeUrls.endpoint, ClusterLoadAssignmentSchema, 'clusterName', resources.endpoints),
    ...make(typeUrls.listener, ListenerSchema, 'name', resources.listeners),
    ...make(typeUrls.route, RouteConfigurationSchema, 'name', resources.routes),
    ...make(typeUrls.secret, SecretSchema, 'name', resources.secrets),
  ]);
};

const credentialsOf = (security: FixtureSecurity | undefined): ServerCredentials => {
  if (security === undefined) return ServerCredentials.createInsecure();
  const { pair, authority } = security;
  const own = { cert_chain: Buffer.from(pair.certificate), private_key: Buffer.from(pair.key) };
  return ServerCredentials.createSsl(Buffer.from(authority.certificate), [own], true);
};

/** Serves a snapshot to every stream with the state machines of `@lateen/xds`. */
export const startAdsFixture = async (
  first: FixtureResources,
  options: { readonly tls?: FixtureSecurity } = {},
): Promise<AdsFixture> => {
  let snapshot = await buildSnapshot(first);
  const pushes = new Set<() => void>();
  const requests: SeenRequest[] = [];
  const peers: string[] = [];
  const serve =
    <Request, Response>(protocol: ServerProtocol<Request, Response>) =>
    (call: ServerDuplexStream<Request, Response>): void => {
      let state: ServerState = openServerState;
      const push = (): void => {
        const next = protocol.respond(state, snapshot);
        state = next.state;
        for (const response of next.responses) call.write(response);
      };
      pushes.add(push);
      const names = call.getAuthContext().sslPeerCertificate?.subjectaltname;
      if (names !== undefined) peers.push(names.replace('URI:', ''));
      call.on('data', (request: Request) => {
        const { typeUrl, errorDetail } = request as {
          typeUrl: string;
          errorDetail?: { message: string };
        };
        requests.push({ typeUrl, error: errorDetail?.message });
        state = protocol.receive(state, request);
        push();
      });
      call.on('error', () => undefined);
      call.on('close', () => pushes.delete(push));
      call.on('end', () => {
        pushes.delete(push);
        call.end();
      });
    };
  const server = new Server();
  server.addService(service, { delta: serve(deltaServer), sotw: serve(sotwServer) });
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentialsOf(options.tls), (error, actual) =>
      error === null ? resolve(actual) : reject(error),
    ),
  );
  return {
    port: bound,
    requests,
    peers,
    get streams() {
      return pushes.size;
    },
    set: async (resources) => {
      snapshot = await buildSnapshot(resources);
      for (const push of pushes) push();
    },
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
    },
  };
};
