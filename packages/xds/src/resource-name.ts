import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { type Any, anyIs } from '@bufbuild/protobuf/wkt';
import { ResourceSchema } from '../gen/envoy/service/discovery/v3/discovery_pb.js';

/** A resource of a SotW response with its name, taken out of the optional `Resource` wrapper. */
export interface NamedResource {
  readonly name: string;
  readonly resource: Any;
}

/**
 * All xDS resource types carry their name as field 1 (`name`, or `cluster_name` of a load assignment),
 * so that the name can be read without decoding the rest. Throws on broken bytes.
 */
export const nameOfResource = (any: Any): NamedResource => {
  if (!anyIs(any, ResourceSchema)) return { name: firstField(any.value), resource: any };
  const { name, resource } = fromBinary(ResourceSchema, any.value);
  const inner = resource ?? any;
  return { name: name === '' ? firstField(inner.value) : name, resource: inner };
};

const nameField = 1;

const firstField = (bytes: Uint8Array): string => {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === nameField && wireType === WireType.LengthDelimited) return reader.string();
    reader.skip(wireType, number);
  }
  return '';
};
