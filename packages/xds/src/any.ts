import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { create, fromBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { toCanonicalBinary } from './canonical-message.ts';
import { typeUrlOf } from './type-url.ts';

/** Packs a message into `google.protobuf.Any`, with map keys in order so that equal is equal bytes. */
export const packAny = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Any =>
  create(AnySchema, {
    typeUrl: typeUrlOf(schema.typeName),
    value: toCanonicalBinary(schema, message),
  });

/** The message type an Any holds (`envoy.config.listener.v3.Listener`), whatever host its URL names. */
export const anyTypeName = (any: Any): string =>
  any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1);

/** The message, or undefined when the Any holds another type. Throws when its bytes are broken. */
export const unpackAny = <Desc extends DescMessage>(
  any: Any,
  schema: Desc,
): MessageShape<Desc> | undefined =>
  anyTypeName(any) === schema.typeName ? fromBinary(schema, any.value) : undefined;
