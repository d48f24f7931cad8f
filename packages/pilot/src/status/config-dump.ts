import { create, type JsonObject } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import {
  loadTypeRegistry,
  messageToJson,
  packAny,
  type Resource,
  resourcesOfType,
  type Snapshot,
  typeUrls,
  versionOfSet,
} from '@lateen/xds';
import { ConfigDumpSchema } from '@lateen/xds/gen/envoy/admin/v3/config_dump_pb.js';
import {
  ClustersConfigDumpSchema,
  EndpointsConfigDumpSchema,
  ListenersConfigDumpSchema,
  RoutesConfigDumpSchema,
} from '@lateen/xds/gen/envoy/admin/v3/config_dump_shared_pb.js';

/**
 * What a proxy should have, in the shape of Envoy's own `/config_dump` (protobuf JSON of
 * `envoy.admin.v3.ConfigDump`), so that the same tools read both.
 */
export const configDumpJson = async (snapshot: Snapshot): Promise<JsonObject> => {
  const registry = await loadTypeRegistry();
  const dump = create(ConfigDumpSchema, {
    configs: [clusters(snapshot), listeners(snapshot), routes(snapshot), endpoints(snapshot)],
  });
  return messageToJson(ConfigDumpSchema, dump, registry);
};

const named = (snapshot: Snapshot, typeUrl: string): readonly Resource[] =>
  [...resourcesOfType(snapshot, typeUrl).values()].sort(
    (left, right) => Number(left.name > right.name) - Number(left.name < right.name),
  );

const anyOf = ({ typeUrl, bytes }: Resource): Any =>
  create(AnySchema, { typeUrl, value: bytes as Uint8Array<ArrayBuffer> });

const clusters = (snapshot: Snapshot): Any => {
  const resources = named(snapshot, typeUrls.cluster);
  const dump = create(ClustersConfigDumpSchema, {
    versionInfo: versionOfSet(resources),
    dynamicActiveClusters: resources.map((resource) => ({
      versionInfo: resource.version,
      cluster: anyOf(resource),
    })),
  });
  return packAny(ClustersConfigDumpSchema, dump);
};

const listeners = (snapshot: Snapshot): Any => {
  const resources = named(snapshot, typeUrls.listener);
  const dump = create(ListenersConfigDumpSchema, {
    versionInfo: versionOfSet(resources),
    dynamicListeners: resources.map((resource) => ({
      name: resource.name,
      activeState: { versionInfo: resource.version, listener: anyOf(resource) },
    })),
  });
  return packAny(ListenersConfigDumpSchema, dump);
};

const routes = (snapshot: Snapshot): Any => {
  const dump = create(RoutesConfigDumpSchema, {
    dynamicRouteConfigs: named(snapshot, typeUrls.route).map((resource) => ({
      versionInfo: resource.version,
      routeConfig: anyOf(resource),
    })),
  });
  return packAny(RoutesConfigDumpSchema, dump);
};

const endpoints = (snapshot: Snapshot): Any => {
  const dump = create(EndpointsConfigDumpSchema, {
    dynamicEndpointConfigs: named(snapshot, typeUrls.endpoint).map((resource) => ({
      versionInfo: resource.version,
      endpointConfig: anyOf(resource),
    })),
  });
  return packAny(EndpointsConfigDumpSchema, dump);
};
