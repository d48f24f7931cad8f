import { create } from '@bufbuild/protobuf';
import { startProxy } from '@lateen/proxy';
import { findCaller } from '@lateen/simulation';
import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildRoutes,
  type ProxyDescriptor,
  type PushContext,
} from '@lateen/translator';
import { endpointNameOf, type Resource, routeNamesOf, typeUrls } from '@lateen/xds';
import { BootstrapSchema } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { AddressSchema } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import type { EchoUpstreams } from '../echo-upstreams.ts';
import { onLoopback, resource } from '../row-configuration.ts';
import { meshOf } from '../simulated-answer.ts';
import type { AuthorizationCase } from './case-table.ts';
import { meshSecrets } from './mesh-certificates.ts';

/** The proxy that a group of cases comes to, on an address of its own. */
export interface CaseProxy {
  readonly address: string;
  port(listener: string): number | undefined;
  stop(): Promise<void>;
}

/** Each proxy listens on an address of its own, so that ports are those that policies name. */
let proxies = 0;
const processPart = process.pid % 200;

/** An address of loopback that no other proxy of the tests has. */
export const nextAddress = (): string => {
  proxies++;
  return `127.${40 + processPart}.${100 + (proxies >> 8)}.${proxies & 255 || 1}`;
};

const at = (address: string, message: Listener): Listener => {
  const socket = message.address?.address;
  const port = socket?.case === 'socketAddress' ? socket.value.portSpecifier.value : 0;
  return create(ListenerSchema, {
    ...message,
    address: create(AddressSchema, {
      address: {
        case: 'socketAddress',
        value: { address, portSpecifier: { case: 'portValue', value: Number(port) } },
      },
    }),
  });
};

const proxyOf = (one: AuthorizationCase): { push: PushContext; proxy: ProxyDescriptor } => {
  const { inputs, push } = meshOf(one);
  const { value, diagnostics } = findCaller(
    one.gateway === undefined
      ? { kind: 'inbound', workload: 'web' }
      : { kind: 'gateway', gateway: one.gateway },
    { push, inputs, interceptionMode: 'NONE', live: false, certificates: true },
  );
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return { push, proxy: value.proxy };
};

/** The listeners that the cases of a group come to, on an address, and all that is behind them. */
export const caseConfiguration = async (
  one: AuthorizationCase,
  wanted: ReadonlySet<string>,
  upstreams: EchoUpstreams,
  { address, extensions }: { address: string; extensions?: ProxyDescriptor['extensions'] },
): Promise<readonly Resource[]> => {
  const { push, proxy: found } = proxyOf(one);
  const proxy = extensions === undefined ? found : { ...found, extensions };
  const listeners = buildListeners(push, proxy).filter(({ name }) => wanted.has(name));
  const clusters = buildClusters(push, proxy);
  const routeNames = [...new Set(listeners.flatMap(({ message }) => [...routeNamesOf(message)]))];
  const endpointNames = clusters.flatMap(({ message }) => endpointNameOf(message) ?? []);
  const moved = clusters.map(async ({ name, message }) => {
    const { loadAssignment } = message;
    const own = loadAssignment && (await onLoopback(loadAssignment, upstreams));
    return resource(typeUrls.cluster, ClusterSchema, {
      name,
      message: create(ClusterSchema, { ...message, ...(own && { loadAssignment: own }) }),
    });
  });
  const endpoints = buildEndpoints(push, proxy, endpointNames).map(async ({ name, message }) =>
    resource(typeUrls.endpoint, ClusterLoadAssignmentSchema, {
      name,
      message: await onLoopback(message, upstreams),
    }),
  );
  return [
    ...(await Promise.all(moved)),
    ...(await Promise.all(endpoints)),
    ...buildRoutes(push, proxy, routeNames).map((route) =>
      resource(typeUrls.route, RouteConfigurationSchema, route),
    ),
    ...listeners.map(({ name, message }) =>
      resource(typeUrls.listener, ListenerSchema, { name, message: at(address, message) }),
    ),
  ];
};

/** Starts the proxy of a group with the listeners its cases come to. */
export const startCaseProxy = async (
  one: AuthorizationCase,
  listeners: ReadonlySet<string>,
  upstreams: EchoUpstreams,
): Promise<CaseProxy> => {
  const address = nextAddress();
  const proxy = await startProxy(create(BootstrapSchema, { node: { id: 'authorization' } }), {
    secrets: meshSecrets('spiffe://cluster.local/ns/default/sa/web'),
  });
  for (const part of await caseConfiguration(one, listeners, upstreams, { address })) {
    const reason = await proxy.configuration.apply(part);
    if (reason !== undefined) throw new Error(`the proxy refuses ${part.name}: ${reason}`);
  }
  return { address, port: (name) => proxy.listenerPort(name), stop: () => proxy.stop() };
};
