import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { createResource, type Resource, typeUrls } from '@lateen/xds';
import { SecretSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { EchoUpstreams } from '../echo-upstreams.ts';
import { credentialNames, type LoggedRequest, readLog } from '../real-proxy.ts';
import { rowConfiguration } from '../row-configuration.ts';
import type { Row } from '../table.ts';
import { testCertificate } from '../test-certificate.ts';
import type { DiscoveryServer } from './discovery-server.ts';
import { type EnvoyProcess, pollUntil, startEnvoy } from './envoy-program.ts';

/** What a stock Envoy has of Istio. */
export const stockExtensions = { stats: false, alpn: false, metadataExchange: false } as const;

/** Where Envoys get their resources. */
export interface Discovery {
  readonly server: DiscoveryServer;
  readonly port: number;
}

/** An Envoy that serves what the translator made for a row's caller. */
export interface RealEnvoy {
  port(listener: string): number | undefined;
  /** Stops it. Resolves with its access log by request id. */
  stop(): Promise<ReadonlyMap<string, LoggedRequest>>;
}

const secret = (fields: Parameters<typeof create<typeof SecretSchema>>[1]): Resource => {
  const message = create(SecretSchema, fields);
  return createResource(typeUrls.secret, message.name, SecretSchema, message);
};

const inline = (text: string) => ({
  specifier: { case: 'inlineBytes' as const, value: new Uint8Array(Buffer.from(text)) },
});

/** Roots, PEM, as a resource of SDS. */
export const rootsSecret = (name: string, roots: string): Resource =>
  secret({ name, type: { case: 'validationContext', value: { trustedCa: inline(roots) } } });

/** A certificate chain and its key, PEM, as a resource of SDS. */
export const certificateSecret = (
  name: string,
  { cert, key }: { readonly cert: string; readonly key: string },
): Resource =>
  secret({
    name,
    type: {
      case: 'tlsCertificate',
      value: { certificateChain: inline(cert), privateKey: inline(key) },
    },
  });

/**
 * What agents have, and a certificate for every name that the row's Gateways ask for. Nobody's certificate
 * is below the roots: no row is about who is trusted.
 */
const secretsOf = ({ objects }: Row): readonly Resource[] => {
  const names = credentialNames(objects).map((name) => `kubernetes://${name}`);
  return [
    ...['file-root:system', 'ROOTCA'].map((name) => rootsSecret(name, rootCertificates.join('\n'))),
    ...['default', ...new Set(names)].map((name) => certificateSecret(name, testCertificate())),
  ];
};

const grpcCluster = (name: string, port: number): object => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
  load_assignment: {
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: [
          { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } },
        ],
      },
    ],
  },
});

/** A bootstrap as the runtime writes it, but for plaintext to the control plane. */
const envoyBootstrap = (nodeId: string, discoveryPort: number): object => {
  const adsSource = { ads: {}, resource_api_version: 'V3' };
  return {
    node: { id: nodeId, cluster: 'conformance' },
    dynamic_resources: {
      lds_config: adsSource,
      cds_config: adsSource,
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
    },
    static_resources: {
      clusters: [grpcCluster('xds-grpc', discoveryPort), grpcCluster('sds-grpc', discoveryPort)],
    },
  };
};

interface ListenerStatuses {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address?: { readonly port_value: number } };
  }[];
}

/** Envoy binds a listener's port before it listens there. */
const listening = async (envoy: EnvoyProcess): Promise<number> => {
  const filter = 'listener_manager.(workers_started|listener_create_success)$';
  const stats = await envoy.admin(`/stats?filter=${encodeURIComponent(filter)}`);
  const started = /workers_started: 1/.test(stats);
  return started ? Number(/listener_create_success: (\d+)/.exec(stats)?.[1] ?? 0) : 0;
};

/** Ports of all listeners that are ready. */
const listenerPorts = async (envoy: EnvoyProcess): Promise<ReadonlyMap<string, number>> => {
  const { listener_statuses: found = [] } = JSON.parse(
    await envoy.admin('/listeners?format=json'),
  ) as ListenerStatuses;
  return new Map(
    found.map(({ name, local_address: at }) => [name, at.socket_address?.port_value ?? 0]),
  );
};

/** A running Envoy with its resources in force. */
export interface ConfiguredEnvoy {
  port(listener: string): number | undefined;
  stop(): Promise<void>;
}

let nodes = 0;

/** Starts an Envoy with these resources, secrets among them. Rejects with what it refuses of them. */
export const startConfiguredEnvoy = async (
  resources: readonly Resource[],
  { server, port }: Discovery,
): Promise<ConfiguredEnvoy> => {
  nodes++;
  const id = `conformance-${nodes}`;
  server.put(id, resources);
  const envoy = await startEnvoy(envoyBootstrap(id, port));
  const stop = async (): Promise<void> => {
    await envoy.stop();
    server.remove(id);
  };
  const wanted = resources.filter(({ typeUrl }) => typeUrl === typeUrls.listener);
  try {
    const ports = await pollUntil(
      'listeners of an Envoy',
      async () => {
        const refusals = server.refusals(id);
        if (refusals.length > 0) throw new Error(`Envoy refuses ${refusals.join('\n')}`);
        if ((await listening(envoy)) < wanted.length) return undefined;
        const found = await listenerPorts(envoy);
        return wanted.every(({ name }) => found.has(name)) ? found : undefined;
      },
      () => envoy.log,
    );
    return { port: (listener) => ports.get(listener), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Starts an Envoy as the proxy of a row's caller. Rejects with what it refuses of the configuration. */
export const startRealEnvoy = async (
  row: Row,
  upstreams: EchoUpstreams,
  discovery: Discovery,
): Promise<RealEnvoy> => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-conformance-'));
  const logFile = join(folder, 'access.log');
  try {
    const resources = await rowConfiguration(row, {
      accessLogFile: logFile,
      upstreams,
      extensions: stockExtensions,
    });
    const envoy = await startConfiguredEnvoy([...resources, ...secretsOf(row)], discovery);
    return {
      port: (listener) => envoy.port(listener),
      stop: async () => {
        await envoy.stop();
        try {
          return readLog(logFile);
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
};
