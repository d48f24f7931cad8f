import type { DescMessage, Message, MessageShape } from '@bufbuild/protobuf';
import { toCanonicalBinary } from './canonical-message.ts';
import { contentHash } from './content-hash.ts';

/**
 * One named xDS resource, immutable. Its version is a hash of its content, so equal contents have
 * equal versions whoever built them and whenever: a push sends what differs, not what was rebuilt.
 */
export interface Resource<M extends Message = Message> {
  readonly name: string;
  /** `type.googleapis.com/...`, one of `typeUrls` for the types this project builds. */
  readonly typeUrl: string;
  /** 16 hexadecimal digits: the content hash of `bytes`. */
  readonly version: string;
  readonly message: M;
  /** The message serialized, once, with map keys in order: the `value` of the Any that goes on the wire. */
  readonly bytes: Uint8Array;
}

/** Wraps a message that will not be changed any more. */
export const createResource = <Desc extends DescMessage>(
  typeUrl: string,
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
): Resource<MessageShape<Desc>> => {
  const bytes = toCanonicalBinary(schema, message);
  return { name, typeUrl, version: contentHash(bytes), message, bytes };
};
