import {
  type DescMessage,
  type JsonObject,
  type MessageShape,
  type Registry,
  toJson,
} from '@bufbuild/protobuf';

/**
 * The registry of every generated message, for printing what is inside an Any. It imports all of
 * `gen/`, which costs a process that only serves traffic start-up time for nothing: hence on demand.
 */
export const loadTypeRegistry = async (): Promise<Registry> =>
  (await import('./type-registry.ts')).typeRegistry;

/** Protobuf JSON with field names as in the .proto files, the way Envoy's `/config_dump` prints. */
export const messageToJson = <Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  registry: Registry,
): JsonObject => toJson(schema, message, { registry, useProtoFieldName: true }) as JsonObject;
