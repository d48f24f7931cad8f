import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Findings } from './findings.ts';

/** Whether an Any holds a message of this type, whatever the prefix of its URL. */
export const holds = (any: Any | undefined, schema: DescMessage): boolean =>
  any !== undefined && any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1) === schema.typeName;

/** Decodes an Any of a known type; bytes that are no such message are an error at `path`. */
export const unpack = <Desc extends DescMessage>(
  any: Any,
  schema: Desc,
  findings: Findings,
  path: string,
): MessageShape<Desc> | undefined => {
  try {
    return fromBinary(schema, any.value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.error(path, 'MessageInvalid', `is no ${schema.typeName}: ${reason}`);
    return undefined;
  }
};
