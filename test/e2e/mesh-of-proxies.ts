import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { KubeObject } from '@lateen/api';
import { type ProxyServer, startProxy } from '@lateen/proxy';
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

/** Whose proxy: a workload's, for calls it makes or gets, or a gateway's. */
export type ProxyOwner =
  | { readonly kind: 'outbound' | 'inbound'; readonly workload: string }
  | { readonly kind: 'gateway'; readonly gateway: string };

/** A real proxy with what the translator makes for its owner. */
export interface MeshProxy {
  readonly server: ProxyServer;
  /** Port of loopback a listener is bound to; listeners are named as Istio names them. */
  port(listener: string): number;
}

/** Proxies of one mesh; what they start is stopped with it. */
export interface MeshOfProxies extends AsyncDisposable {
  /** Where `ip:port` of the mesh really is; filled before a proxy that needs it starts. */
  readonly places: Map<string, number>;
  start(owner: ProxyOwner): Promise<MeshProxy>;
}

const loopback = (port: number) =>
  create(AddressSchema, {
    address: {
      case: 'socketAddress',
      value: { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: port } },
    },
  });

/** Endpoints on the ports that stand for them; those that have none stay. */
const placed = (
  assignment: ClusterLoadAssignment,
  places: ReadonlyMap<string, number>,
): ClusterLoadAssignment => {
  const copy = structuredClone(assignment);
  for (const { hostIdentifier } of copy.endpoints.flatMap((one) => one.lbEndpoints)) {
    const endpoint = hostIdentifier.case === 'endpoint' ? hostIdentifier.value : undefined;
    const socket = endpoint?.address?.address;
    if (endpoint === undefined || socket?.case !== 'socketAddress') continue;
    const { address, portSpecifier } = socket.value;
    const port = places.get(`${address}:${portSpecifier.value}`);
    if (port !== undefined) endpoint.address = loopback(port);
  }
  return create(ClusterLoadAssignmentSchema, copy);
};

const resource = <Desc extends DescMessage>(
  typeUrl: string,
  schema: Desc,
  name: string,
  message: MessageShape<Desc>,
) => ({ typeUrl, name, version: '1', bytes: toBinary(schema, message) });

/** A mesh over Kubernetes and Istio objects; pods and addresses are made up where they lack. */
export const meshOfProxies = (objects: readonly KubeObject[]): MeshOfProxies => {
  const inputs = meshInputs(completeCluster(objects), { accessLogFile: '' });
  const push = buildPushContext(inputs);
  const places = new Map<string, number>();
  const running: ProxyServer[] = [];

  const resourcesOf = (owner: ProxyOwner) => {
    // Pods get calls on their own address; calls they make go through listeners as with capture.
    const interceptionMode = owner.kind === 'outbound' ? 'REDIRECT' : 'NONE';
    const options = { push, inputs, interceptionMode, live: false } as const;
    const proxy = findCaller(owner, options).value?.proxy;
    if (proxy === undefined) throw new Error(`there is no ${JSON.stringify(owner)}`);
    const listeners = buildListeners(push, proxy);
    const clusters = buildClusters(push, proxy);
    const names = clusters.flatMap(({ message }) => endpointNameOf(message) ?? []);
    const routes = [...new Set(listeners.flatMap(({ message }) => [...routeNamesOf(message)]))];
    return [
      ...clusters.map(({ name, message }) => {
        const { loadAssignment } = message;
        const moved = loadAssignment && { loadAssignment: placed(loadAssignment, places) };
        const copy = create(ClusterSchema, { ...message, ...moved });
        return resource(typeUrls.cluster, ClusterSchema, name, copy);
      }),
      ...buildEndpoints(push, proxy, names).map(({ name, message }) => {
        const moved = placed(message, places);
        return resource(typeUrls.endpoint, ClusterLoadAssignmentSchema, name, moved);
      }),
      ...buildRoutes(push, proxy, routes).map(({ name, message }) =>
        resource(typeUrls.route, RouteConfigurationSchema, name, message),
      ),
      ...listeners
        .filter(({ name }) => !name.startsWith('virtual'))
        .map(({ name, message }) => {
          const bound = { address: loopback(0), bindToPort: true };
          const copy = create(ListenerSchema, { ...message, ...bound });
          return resource(typeUrls.listener, ListenerSchema, name, copy);
        }),
    ];
  };

  return {
    places,
    start: async (owner) => {
      const server = await startProxy(create(BootstrapSchema, { node: { id: owner.kind } }));
      running.push(server);
      for (const one of resourcesOf(owner)) {
        const reason = await server.configuration.apply(one);
        if (reason !== undefined) throw new Error(`the proxy refuses ${one.name}: ${reason}`);
      }
      return {
        server,
        port: (listener) => {
          const port = server.listenerPort(listener);
          if (port === undefined) throw new Error(`there is no listener ${listener}`);
          return port;
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      for (const server of running.toReversed()) await server.stop();
    },
  };
};
