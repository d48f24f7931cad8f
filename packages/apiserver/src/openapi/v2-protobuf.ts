import { v3Info } from './v3-document.ts';

/** Media type of the binary form of OpenAPI 2.0: kubectl asks for it with an @, which no media type may have. */
export const openApiV2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** A length-delimited field shorter than 128 bytes. */
const field = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);

const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));

/**
 * GET /openapi/v2 in binary (gnostic's OpenAPIv2.proto): swagger 1, info 2 (title 1, version 2), paths 8.
 * It describes no kinds. kubectl reads it only for what the v3 documents do not have, misspelt kinds and
 * `kind: List`, and then leaves validation to the server, whose answer names the field.
 */
export const openApiV2Protobuf: Buffer = Buffer.concat([
  text(1, '2.0'),
  field(2, Buffer.concat([text(1, v3Info.title), text(2, v3Info.version)])),
  field(8, Buffer.alloc(0)),
]);
