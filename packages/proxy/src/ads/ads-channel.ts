import { X509Certificate } from 'node:crypto';
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
} from '@grpc/grpc-js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { Cluster } from '../cluster/cluster.ts';
import { PeerRefused } from '../tls/failure-reason.ts';
import { refusePeer } from '../tls/peer-check.ts';
import type { SecureContexts, TlsMaterial } from '../tls/secure-context.ts';

const aggregated = 'envoy.service.discovery.v3.AggregatedDiscoveryService';
const secrets = 'envoy.service.secret.v3.SecretDiscoveryService';

/** Silence after which the connection is tested, and how long the answer may take. */
const keepaliveMs = 30_000;
const keepaliveTimeoutMs = 10_000;

/** A stream to the control plane of one variant of xDS. */
export interface AdsStream<Request, Response> {
  send(request: Request): void;
  onResponse(run: (response: Response) => void): void;
  /** Called once, with the reason, however the stream ends. */
  onEnd(run: (reason: string) => void): void;
  cancel(): void;
}

/** Checks the server as the cluster's TLS context says, not by its host name (Envoy's rule). */
const tlsCredentials = (material: TlsMaterial): ChannelCredentials =>
  credentials.createFromSecureContext(material.context, {
    rejectUnauthorized: material.validation !== undefined && material.verifiesChain,
    checkServerIdentity: (_host, { raw }) => {
      const refused = refusePeer(new X509Certificate(raw), undefined, material);
      return refused === undefined ? undefined : new PeerRefused(refused);
    },
  });

const credentialsOf = (cluster: Cluster, contexts: SecureContexts): ChannelCredentials => {
  const { transport } = cluster.table;
  if (transport.kind !== 'tls') return credentials.createInsecure();
  return tlsCredentials(contexts.get(transport.tls));
};

/** Address of the control plane: an endpoint of the cluster the bootstrap names. */
const targetOf = (cluster: Cluster, dice: (limit: number) => number): string => {
  const endpoint = cluster.pick({ hash: undefined, dice }, undefined);
  const address = endpoint?.entry.address;
  if (address?.kind === 'pipe') return `unix:${address.path}`;
  if (address?.kind !== 'socket') return 'dns:invalid.localhost:1';
  return address.host.includes(':')
    ? `ipv6:[${address.host}]:${address.port}`
    : `dns:${address.host}:${address.port}`;
};

/** A gRPC client for one attempt at a server. Throws `ProxyError` when a certificate is missing. */
export const openClient = (
  cluster: Cluster,
  dice: (limit: number) => number,
  contexts: SecureContexts,
): Client => {
  const transport = cluster.table.transport;
  const name = transport.kind === 'tls' ? transport.tls.serverName : '';
  return new Client(targetOf(cluster, dice), credentialsOf(cluster, contexts), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
    ...(name !== '' && { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name }),
  });
};

const open = <Request extends DescMessage, Response extends DescMessage>(
  client: Client,
  method: string,
  request: Request,
  response: Response,
): AdsStream<MessageShape<Request>, MessageShape<Response>> => {
  type Out = MessageShape<Request>;
  type In = MessageShape<Response>;
  const call: ClientDuplexStream<Out, In> = client.makeBidiStreamRequest<Out, In>(
    method,
    (message) => Buffer.from(toBinary(request, message)),
    (bytes) => fromBinary(response, bytes),
  );
  let ended = false;
  return {
    send: (message) => {
      if (!ended) call.write(message);
    },
    onResponse: (run) => call.on('data', run),
    onEnd: (run) => {
      const end = (reason: string): void => {
        if (ended) return;
        ended = true;
        run(reason);
      };
      call.on('error', (error: Error) => end(error.message));
      call.on('end', () => end('the server ended the stream'));
    },
    cancel: () => call.cancel(),
  };
};

/** `DeltaAggregatedResources`. */
export const openDelta = (
  client: Client,
): AdsStream<
  MessageShape<typeof DeltaDiscoveryRequestSchema>,
  MessageShape<typeof DeltaDiscoveryResponseSchema>
> =>
  open(
    client,
    `/${aggregated}/DeltaAggregatedResources`,
    DeltaDiscoveryRequestSchema,
    DeltaDiscoveryResponseSchema,
  );

/** `StreamAggregatedResources`. */
export const openSotw = (
  client: Client,
): AdsStream<
  MessageShape<typeof DiscoveryRequestSchema>,
  MessageShape<typeof DiscoveryResponseSchema>
> =>
  open(
    client,
    `/${aggregated}/StreamAggregatedResources`,
    DiscoveryRequestSchema,
    DiscoveryResponseSchema,
  );

/** `StreamSecrets` of an SDS server. */
export const openSecrets = (
  client: Client,
): AdsStream<
  MessageShape<typeof DiscoveryRequestSchema>,
  MessageShape<typeof DiscoveryResponseSchema>
> => open(client, `/${secrets}/StreamSecrets`, DiscoveryRequestSchema, DiscoveryResponseSchema);
