import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { completeCluster, findCaller, meshInputs } from '@lateen/simulation';
import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildPushContext,
  buildRoutes,
  type ProxyDescriptor,
} from '@lateen/translator';
import { createResource, endpointNameOf, type Resource, routeNamesOf, typeUrls } from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { AddressSchema } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { type EchoUpstreams, idHeader } from './echo-upstreams.ts';
import type { Row } from './table.ts';

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
): Resource => createResource(typeUrl, name, schema, message);

/** How a row's proxy is set up; what is left out is as our own proxy wants it. */
export interface RowConfigurationOptions {
  readonly accessLogFile: string;
  readonly upstreams: EchoUpstreams;
  /** What the proxy can do besides what every Envoy can. */
  readonly extensions?: ProxyDescriptor['extensions'];
}

const logFormat = JSON.stringify({
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  request_id: `%REQ(${idHeader})%`,
});

/** All that the proxy of a row's caller gets, with listeners and endpoints on loopback. */
export const rowConfiguration = async (
  row: Row,
  { accessLogFile, upstreams, extensions }: RowConfigurationOptions,
): Promise<readonly Resource[]> => {
  const inputs = meshInputs(completeCluster(row.objects), {
    ...row.config,
    accessLogFile,
    accessLogEncoding: 'JSON',
    accessLogFormat: logFormat,
  });
  const push = buildPushContext(inputs);
  const options = { push, inputs, interceptionMode: 'NONE', live: false } as const;
  const found = findCaller(row.caller, options).value?.proxy;
  if (found === undefined) throw new Error(`${row.name}: there is no such caller`);
  const proxy = extensions === undefined ? found : { ...found, extensions };
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
