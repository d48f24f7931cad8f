import { type DescMessage, fromBinary, type JsonObject, type Registry } from '@bufbuild/protobuf';
import { loadTypeRegistry, messageToJson, typeUrls } from '@lateen/xds';
import { BootstrapSchema } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { SecretSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { ResourceRecord } from '../config/resource-log.ts';
import type { AdminContext } from './admin-context.ts';

const dumpType = (name: string): string => `type.googleapis.com/envoy.admin.v3.${name}`;

const schemas: Readonly<Record<string, DescMessage>> = {
  [typeUrls.cluster]: ClusterSchema,
  [typeUrls.listener]: ListenerSchema,
  [typeUrls.route]: RouteConfigurationSchema,
  [typeUrls.endpoint]: ClusterLoadAssignmentSchema,
  [typeUrls.secret]: SecretSchema,
};

const decode = (typeUrl: string, bytes: Uint8Array, registry: Registry): JsonObject => {
  const schema = schemas[typeUrl];
  if (schema === undefined) return { '@type': typeUrl };
  return { '@type': typeUrl, ...messageToJson(schema, fromBinary(schema, bytes), registry) };
};

const isoTime = (ms: number): string => new Date(ms).toISOString();

/** One entry of a dump; `key` is what Envoy calls the message there. */
const entry = (record: ResourceRecord, key: string, registry: Registry): JsonObject => ({
  ...(record.version !== '' && { version_info: record.version }),
  ...(record.bytes.length > 0 && { [key]: decode(record.typeUrl, record.bytes, registry) }),
  last_updated: isoTime(record.updatedMs),
  ...(record.rejected && {
    error_state: {
      failed_configuration: decode(record.typeUrl, record.rejected.bytes, registry),
      last_update_attempt: isoTime(record.rejected.atMs),
      details: record.rejected.reason,
      version_info: record.rejected.version,
    },
  }),
});

/** Static and dynamic entries of one type, under the names Envoy's dump has for them. */
const section = (
  records: readonly ResourceRecord[],
  registry: Registry,
  names: { readonly key: string; readonly fixed: string; readonly dynamic: string },
): JsonObject => {
  const print = (record: ResourceRecord): JsonObject => entry(record, names.key, registry);
  const fixed = records.filter(({ isStatic }) => isStatic).map(print);
  const dynamic = records.filter(({ isStatic }) => !isStatic).map(print);
  return {
    ...(fixed.length > 0 && { [names.fixed]: fixed }),
    ...(dynamic.length > 0 && { [names.dynamic]: dynamic }),
  };
};

/** Listeners are nested one deeper: a name with an active, warming or failed state. */
const listenerSection = (context: AdminContext, registry: Registry): JsonObject => {
  const { resources, waitingListeners } = context.configuration;
  const records = resources.records(typeUrls.listener);
  const dynamic = records.filter(({ isStatic }) => !isStatic);
  const state = (record: ResourceRecord): JsonObject => {
    const { error_state: error, ...rest } = entry(record, 'listener', registry);
    const key = waitingListeners.includes(record.name) ? 'warming_state' : 'active_state';
    return {
      name: record.name,
      ...(record.bytes.length > 0 && { [key]: rest }),
      ...(error !== undefined && { error_state: error }),
    };
  };
  const fixed = records.filter(({ isStatic }) => isStatic);
  return {
    ...(fixed.length > 0 && {
      static_listeners: fixed.map((record) => entry(record, 'listener', registry)),
    }),
    ...(dynamic.length > 0 && { dynamic_listeners: dynamic.map(state) }),
  };
};

/** Secrets have their names beside them; what they hold is there without its keys. */
const secretSection = (context: AdminContext, registry: Registry): JsonObject => {
  const records = context.configuration.resources.records(typeUrls.secret);
  const print = (record: ResourceRecord): JsonObject => ({
    name: record.name,
    ...entry(record, 'secret', registry),
  });
  const fixed = records.filter(({ isStatic }) => isStatic).map(print);
  const active = records.filter(({ isStatic, bytes }) => !isStatic && bytes.length > 0).map(print);
  const arrived = new Set(records.map(({ name }) => name));
  const warming = [...context.configuration.awaitedSecrets].filter((name) => !arrived.has(name));
  return {
    ...(fixed.length > 0 && { static_secrets: fixed }),
    ...(active.length > 0 && { dynamic_active_secrets: active }),
    ...(warming.length > 0 && {
      dynamic_warming_secrets: warming.map((name) => ({ name, version_info: 'uninitialized' })),
    }),
  };
};

/** `/config_dump`, in the shape of `envoy.admin.v3.ConfigDump`. */
export const dumpConfiguration = async (
  context: AdminContext,
  query: URLSearchParams,
): Promise<JsonObject> => {
  const registry = await loadTypeRegistry();
  const { resources } = context.configuration;
  const configs: JsonObject[] = [
    {
      '@type': dumpType('BootstrapConfigDump'),
      bootstrap: messageToJson(BootstrapSchema, context.bootstrap, registry),
      last_updated: isoTime(performance.timeOrigin),
    },
    {
      '@type': dumpType('ClustersConfigDump'),
      ...section(resources.records(typeUrls.cluster), registry, {
        key: 'cluster',
        fixed: 'static_clusters',
        dynamic: 'dynamic_active_clusters',
      }),
    },
    { '@type': dumpType('ListenersConfigDump'), ...listenerSection(context, registry) },
    {
      '@type': dumpType('RoutesConfigDump'),
      ...section(resources.records(typeUrls.route), registry, {
        key: 'route_config',
        fixed: 'static_route_configs',
        dynamic: 'dynamic_route_configs',
      }),
    },
  ];
  configs.push({
    '@type': dumpType('SecretsConfigDump'),
    ...secretSection(context, registry),
  });
  if (query.has('include_eds')) {
    configs.push({
      '@type': dumpType('EndpointsConfigDump'),
      ...section(resources.records(typeUrls.endpoint), registry, {
        key: 'endpoint_config',
        fixed: 'static_endpoint_configs',
        dynamic: 'dynamic_endpoint_configs',
      }),
    });
  }
  return { configs };
};
