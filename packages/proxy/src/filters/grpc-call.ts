import type { CallRequest, CallResult } from './cluster-call.ts';

/** Flag and length in front of each message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const prefixBytes = 5;

/** A unary call as a request. */
export const unaryRequest = (
  method: string,
  message: Uint8Array,
  options: {
    readonly authority: string;
    readonly timeoutMs: number;
    readonly metadata: readonly (readonly [string, string])[];
  },
): Omit<CallRequest, 'dice'> => {
  const body = Buffer.allocUnsafe(prefixBytes + message.length);
  body[0] = 0;
  body.writeUInt32BE(message.length, 1);
  body.set(message, prefixBytes);
  const { authority, timeoutMs, metadata } = options;
  return {
    method: 'POST',
    path: `/${method}`,
    authority,
    headers: [
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ...(timeoutMs > 0 ? [['grpc-timeout', `${timeoutMs}m`] as const] : []),
      ...metadata,
    ],
    body,
    timeoutMs,
  };
};

/** The message of an answer, or why there is none. */
export const unaryAnswer = (
  result: CallResult,
): { readonly message: Uint8Array } | { readonly failure: string } => {
  if ('failure' in result) return result;
  const { headers, trailers, body, status } = result;
  if (status !== 200) return { failure: `answered ${status}` };
  const inHead = headers.find(([name]) => name === 'grpc-status')?.[1];
  const code = trailers?.get('grpc-status') ?? inHead;
  if (code !== '0') return { failure: `gRPC status ${code ?? 'missing'}` };
  if (body.length < prefixBytes || body[0] !== 0) return { failure: 'no message' };
  const length = body.readUInt32BE(1);
  if (body.length !== prefixBytes + length) return { failure: 'no single message' };
  return { message: body.subarray(prefixBytes) };
};
