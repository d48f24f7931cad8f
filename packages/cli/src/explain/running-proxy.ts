import { type DescMessage, fromJson, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import type { RunningConfiguration } from '@lateen/simulation';
import { loadTypeRegistry } from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import type { JsonRecord } from '@lateen/xds/json-record';
import { type ClusterFlags, clusterConnection } from '../cluster-connection.ts';
import {
  assignmentsOf,
  clustersOf,
  type DumpSection,
  dumpSection,
  listenersOf,
  routesOf,
} from '../proxy-config/config-dump.ts';
import { liveSource } from '../proxy-config/dump-source.ts';
import { podAdmin } from '../proxy-config/pod-admin.ts';

type Registry = Awaited<ReturnType<typeof loadTypeRegistry>>;

const read = <T extends DescMessage>(
  schema: T,
  resource: JsonRecord,
  registry: Registry,
): MessageShape<T> => {
  const { '@type': _, ...fields } = resource;
  return fromJson(schema, fields as JsonValue, { registry, ignoreUnknownFields: true });
};

/** A dump's messages. Throws what cannot be read. */
const runningOf = (dump: JsonRecord, registry: Registry): RunningConfiguration => {
  const section = (name: DumpSection): JsonRecord => dumpSection(dump, name) ?? {};
  const all = <T extends DescMessage>(
    schema: T,
    resources: readonly JsonRecord[],
  ): readonly MessageShape<T>[] => resources.map((one) => read(schema, one, registry));
  return {
    listeners: all(ListenerSchema, listenersOf(section('ListenersConfigDump'))),
    routes: all(RouteConfigurationSchema, routesOf(section('RoutesConfigDump'))),
    clusters: all(ClusterSchema, clustersOf(section('ClustersConfigDump'))),
    endpoints: all(ClusterLoadAssignmentSchema, assignmentsOf(section('EndpointsConfigDump'))),
  };
};

/** What the proxy of a pod (`namespace/name`) runs. Rejects with ProxyConfigError, KubeError or what cannot be read. */
export const readRunning = async (
  pod: string,
  flags: ClusterFlags,
  env: NodeJS.ProcessEnv,
): Promise<RunningConfiguration> => {
  const [namespace = '', name = ''] = pod.split('/');
  const source = liveSource(podAdmin(clusterConnection(flags, env), { namespace, name }));
  const [dump, registry] = await Promise.all([source.configDump(), loadTypeRegistry()]);
  return runningOf(dump, registry);
};
