import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { ApiError } from '../api-error.ts';
import { decodeProtobufBody } from '../protobuf/decode-body.ts';

/** Kubernetes' own limit of a request body. */
const maxBodyBytes: number = 3 * 1024 * 1024;

/** @throws ApiError RequestEntityTooLarge over 3 MiB. */
export const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes)
      throw new ApiError('RequestEntityTooLarge', `the body is over ${maxBodyBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
};

/** `Content-Type` in lower case without its parameters; '' when there is none. */
export const mediaTypeOf = (request: IncomingMessage): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** A body as plain data: JSON (the default), YAML, or the protobuf of typed creates. */
export const parseBody = (bytes: Buffer, mediaType: string): unknown => {
  if (bytes.length === 0) return undefined;
  if (mediaType === 'application/vnd.kubernetes.protobuf') {
    const decoded = decodeProtobufBody(bytes);
    if ('error' in decoded) throw new ApiError('UnsupportedMediaType', decoded.error);
    return decoded.object;
  }
  const text = bytes.toString('utf8');
  try {
    return mediaType.includes('yaml') ? parse(text) : JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApiError('BadRequest', `the body cannot be read: ${reason}`);
  }
};
