import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
} from '@grpc/grpc-js';
import type { UpstreamTlsSettings } from '@lateen/routing';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { Cluster } from '../cluster/cluster.ts';
import { readDataSource } from '../tls/data-source.ts';

const service = 'envoy.service.discovery.v3.AggregatedDiscoveryService';

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

const tlsCredentials = (settings: UpstreamTlsSettings): ChannelCredentials => {
  const [certificate] = settings.certificates;
  const ca = settings.validation?.trustedCa;
  const roots =
    ca === undefined || ca === 'system' || ca.kind === 'sds' ? null : readDataSource(ca);
  if (certificate?.kind !== 'static') return credentials.createSsl(roots);
  const key = readDataSource(certificate.privateKey);
  return credentials.createSsl(roots, key, readDataSource(certificate.chain));
};

const credentialsOf = (cluster: Cluster): ChannelCredentials => {
  const { transport } = cluster.table;
  return transport.kind === 'tls' ? tlsCredentials(transport.tls) : credentials.createInsecure();
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

/** A gRPC client for one attempt at the control plane. */
export const openClient = (cluster: Cluster, dice: (limit: number) => number): Client => {
  const transport = cluster.table.transport;
  const name = transport.kind === 'tls' ? transport.tls.serverName : '';
  return new Client(targetOf(cluster, dice), credentialsOf(cluster), {
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
    `/${service}/${method}`,
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
    'DeltaAggregatedResources',
    DeltaDiscoveryRequestSchema,
    DeltaDiscoveryResponseSchema,
  );

/** `StreamAggregatedResources`. */
export const openSotw = (
  client: Client,
): AdsStream<
  MessageShape<typeof DiscoveryRequestSchema>,
  MessageShape<typeof DiscoveryResponseSchema>
> => open(client, 'StreamAggregatedResources', DiscoveryRequestSchema, DiscoveryResponseSchema);
