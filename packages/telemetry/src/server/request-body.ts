import type { IncomingMessage } from 'node:http';

/** What was read of a body. */
export type BodyResult =
  | { readonly bytes: Buffer; readonly problem: undefined }
  | { readonly bytes: undefined; readonly problem: 'too-large' | 'aborted' };

/** Reads a whole body, no more than `maxBytes`. Never rejects. */
export const readBody = async (request: IncomingMessage, maxBytes: number): Promise<BodyResult> => {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) return { bytes: undefined, problem: 'too-large' };
      chunks.push(chunk);
    }
  } catch {
    return { bytes: undefined, problem: 'aborted' };
  }
  return { bytes: Buffer.concat(chunks), problem: undefined };
};
