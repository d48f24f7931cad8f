import { kindMessages } from './kind-messages.ts';
import { bytes, field, message, readMessage, string } from './message.ts';
import { WireError } from './wire.ts';

/** `k8s\0` before every body of `application/vnd.kubernetes.protobuf`. */
const magic: Uint8Array = Uint8Array.of(0x6b, 0x38, 0x73, 0);

/** runtime.Unknown: the encoded object and what it is. */
const envelope = {
  1: field('typeMeta', message({ 1: field('apiVersion', string), 2: field('kind', string) })),
  2: field('raw', bytes),
  3: field('contentEncoding', string),
};

interface Envelope {
  readonly typeMeta?: { readonly apiVersion?: string; readonly kind?: string };
  /** Base64. */
  readonly raw?: string;
  readonly contentEncoding?: string;
}

/** The object in JSON form with apiVersion and kind, or why the body cannot be read. */
export type DecodedBody = { readonly object: Record<string, unknown> } | { readonly error: string };

const decode = (body: Uint8Array): DecodedBody => {
  const { typeMeta, raw, contentEncoding } = readMessage(body, envelope) as Envelope;
  const { apiVersion, kind } = typeMeta ?? {};
  if (contentEncoding !== undefined) {
    return {
      error: `the protobuf body has the encoding ${contentEncoding}, which is not supported`,
    };
  }
  if (apiVersion === undefined || kind === undefined) {
    return { error: 'the protobuf body does not tell its apiVersion and kind' };
  }
  const fields = kindMessages.get(kind);
  if (fields === undefined) {
    return { error: `${kind} in ${apiVersion} cannot be read as protobuf; send it as JSON` };
  }
  return {
    object: { apiVersion, kind, ...readMessage(Buffer.from(raw ?? '', 'base64'), fields) },
  };
};

/** Decodes a body of `application/vnd.kubernetes.protobuf` (kubectl 1.32 and later send typed creates so). */
export const decodeProtobufBody = (body: Uint8Array): DecodedBody => {
  if (!magic.every((byte, index) => body[index] === byte)) {
    return { error: 'the protobuf body does not start with "k8s\\0"' };
  }
  try {
    return decode(body.subarray(magic.length));
  } catch (failure) {
    if (failure instanceof WireError) {
      return { error: `the protobuf body cannot be read: ${failure.message}` };
    }
    throw failure;
  }
};
