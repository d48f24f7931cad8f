import { fromJson, type JsonValue, type Registry, toJson } from '@bufbuild/protobuf';
import { loadTypeRegistry } from '@lateen/xds';
import type { JsonRecord } from '@lateen/xds/json-record';

const withoutType = (resource: JsonRecord): JsonRecord => {
  const { '@type': _, ...fields } = resource;
  return fields;
};

const convert = (typeName: string, resource: JsonRecord, registry: Registry): unknown => {
  const schema = registry.getMessage(typeName);
  const fields = withoutType(resource);
  if (schema === undefined) return fields;
  try {
    const options = { registry, ignoreUnknownFields: true };
    return toJson(schema, fromJson(schema, fields as JsonValue, options), { registry });
  } catch {
    // An extension that nothing here knows: shown as the proxy wrote it.
    return fields;
  }
};

/**
 * Resources of one message type in canonical protobuf JSON, with lowerCamelCase fields, which is what
 * istioctl prints and scripts read; Envoy's own dumps have the names of the .proto files.
 */
export const canonicalJson = async (
  typeName: string,
  resources: readonly JsonRecord[],
): Promise<readonly unknown[]> => {
  const registry = await loadTypeRegistry();
  return resources.map((resource) => convert(typeName, resource, registry));
};
