import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { type ProxyServer, SecretStore, startProxy } from '@lateen/proxy';
import { completeCluster, findCaller, meshInputs } from '@lateen/simulation';
import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildPushContext,
  buildRoutes,
} from '@lateen/translator';
import { endpointNameOf, routeNamesOf, typeUrls } from '@lateen/xds';
import { BootstrapSchema } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { AddressSchema } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import type { EchoUpstreams } from './echo-upstreams.ts';
import type { Row } from './table.ts';
import { testCertificate } from './test-certificate.ts';

/** A line of the proxy's access log. */
export interface LoggedRequest {
  readonly response_code: number;
  /** Null: none. */
  readonly response_flags: string | null;
  readonly route_name: string;
  readonly upstream_cluster: string;
  readonly request_id: string;
}

/** A proxy that serves what the translator made for a row's caller, with endpoints on loopback. */
export interface RealProxy {
  /** Port of a listener; undefined: the proxy has none of that name. */
  port(listener: string): number | undefined;
  /** Where in [0, 1) the next draws fall: 0 takes the first of alternatives, just below 1 the last. */
  setChance(chance: number): void;
  /** Stops it. Resolves with its access log by request id. */
  stop(): Promise<ReadonlyMap<string, LoggedRequest>>;
}

const loopback = (port: number) =>
  create(AddressSchema, {
    address: {
      case: 'socketAddress',
      value: { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: port } },
    },
  });

/** The same endpoints, each at the server that stands for it. */
export const onLoopback = async (
  assignment: ClusterLoadAssignment,
  upstreams: EchoUpstreams,
): Promise<ClusterLoadAssignment> => {
  const copy = structuredClone(assignment);
  for (const { hostIdentifier } of copy.endpoints.flatMap((one) => one.lbEndpoints)) {
    const endpoint = hostIdentifier.case === 'endpoint' ? hostIdentifier.value : undefined;
    const socket = endpoint?.address?.address;
    if (endpoint === undefined || socket?.case !== 'socketAddress') continue;
    const { address, portSpecifier } = socket.value;
    endpoint.address = loopback(await upstreams.portOf(`${address}:${portSpecifier.value}`));
  }
  return create(ClusterLoadAssignmentSchema, copy);
};

/** A resource as a control plane sends it. */
export const resource = <Desc extends DescMessage>(
  typeUrl: string,
  schema: Desc,
  { name, message }: { readonly name: string; readonly message: MessageShape<Desc> },
): Parameters<ProxyServer['configuration']['apply']>[0] => ({
  typeUrl,
  name,
  version: '1',
  bytes: toBinary(schema, message),
});

const build = async (row: Row, logFile: string, upstreams: EchoUpstreams) => {
  const inputs = meshInputs(completeCluster(row.objects), {
    ...row.config,
    accessLogFile: logFile,
    accessLogEncoding: 'JSON',
    accessLogFormat: JSON.stringify({
      response_code: '%RESPONSE_CODE%',
      response_flags: '%RESPONSE_FLAGS%',
      route_name: '%ROUTE_NAME%',
      upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
      request_id: '%REQ(X-REQUEST-ID)%',
    }),
  });
  const push = buildPushContext(inputs);
  const options = { push, inputs, interceptionMode: 'NONE', live: false } as const;
  const proxy = findCaller(row.caller, options).value?.proxy;
  if (proxy === undefined) throw new Error(`${row.name}: there is no such caller`);
  const listeners = buildListeners(push, proxy);
  const clusters = buildClusters(push, proxy);
  const endpointNames = clusters.flatMap(({ message }) => endpointNameOf(message) ?? []);
  const routeNames = [...new Set(listeners.flatMap(({ message }) => [...routeNamesOf(message)]))];
  const moved = async ({ name, message }: (typeof clusters)[number]) => ({
    name,
    message: create(ClusterSchema, {
      ...message,
      ...(message.loadAssignment && {
        loadAssignment: await onLoopback(message.loadAssignment, upstreams),
      }),
    }),
  });
  return [
    ...(await Promise.all(clusters.map(moved))).map((one) =>
      resource(typeUrls.cluster, ClusterSchema, one),
    ),
    ...(await Promise.all(
      buildEndpoints(push, proxy, endpointNames).map(async ({ name, message }) =>
        resource(typeUrls.endpoint, ClusterLoadAssignmentSchema, {
          name,
          message: await onLoopback(message, upstreams),
        }),
      ),
    )),
    ...buildRoutes(push, proxy, routeNames).map((one) =>
      resource(typeUrls.route, RouteConfigurationSchema, one),
    ),
    ...listeners.map(({ name, message }) =>
      resource(typeUrls.listener, ListenerSchema, {
        name,
        message: create(ListenerSchema, { ...message, address: loopback(0) }),
      }),
    ),
  ];
};

const readLog = (path: string): ReadonlyMap<string, LoggedRequest> =>
  new Map(
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LoggedRequest)
      .map((entry) => [entry.request_id, entry]),
  );

/** A certificate for every name that the row's Gateways ask for. */
const secretsOf = ({ objects }: Row): SecretStore => {
  const store = new SecretStore();
  const { cert, key } = testCertificate();
  for (const [, name] of JSON.stringify(objects).matchAll(/"credentialName":"([^"]+)"/g)) {
    const secret = { chain: Buffer.from(cert), privateKey: Buffer.from(key) };
    store.putCertificate(`kubernetes://${name}`, secret);
  }
  return store;
};

/** Starts the proxy of a row's caller. */
export const startRealProxy = async (row: Row, upstreams: EchoUpstreams): Promise<RealProxy> => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-conformance-'));
  const logFile = join(folder, 'access.log');
  let chance = 0;
  const secrets = secretsOf(row);
  const proxy = await startProxy(create(BootstrapSchema, { node: { id: 'conformance' } }), {
    dice: (limit) => Math.floor(chance * limit),
    secrets,
  });
  for (const one of await build(row, logFile, upstreams)) {
    const reason = await proxy.configuration.apply(one);
    if (reason !== undefined) throw new Error(`the proxy refuses ${one.name}: ${reason}`);
  }
  return {
    port: (listener) => proxy.listenerPort(listener),
    setChance: (value) => {
      chance = value;
    },
    stop: async () => {
      await proxy.stop();
      try {
        return readLog(logFile);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
};
