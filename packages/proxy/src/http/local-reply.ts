import { type ForwardAction, grpcStatusOfHttp, type RouteEntry } from '@lateen/routing';
import { MessageHead } from '../http1/head-parser.ts';
import { latin1Slice } from '../http1/latin1.ts';
import type { Exchange, LocalReply } from './exchange.ts';

/** Percent-encoding of `grpc-message`: what is not visible ASCII or space, and `%` (gRPC over HTTP/2). */
const grpcMessage = (text: string): string => {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 32 && byte < 127 && byte !== 37;
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    encoded += isPlain ? String.fromCharCode(byte) : `%${hex}`;
  }
  return encoded;
};

const isGrpc = (exchange: Exchange): boolean =>
  /^application\/grpc($|[+;])/.test(exchange.header('content-type') ?? '');

/** Header lines and body of a local reply; a gRPC caller gets the status in its own form. */
const renderLocalReply = (
  exchange: Exchange,
  reply: LocalReply,
): {
  readonly status: number;
  readonly headers: (readonly [string, string])[];
  readonly body: string;
} => {
  const extra = reply.headers ?? [];
  if (!isGrpc(exchange)) {
    const contentType = extra.some(([name]) => name === 'content-type');
    const length: (readonly [string, string])[] =
      reply.body === ''
        ? [['content-length', '0']]
        : [['content-length', String(Buffer.byteLength(reply.body, 'latin1'))]];
    if (reply.body !== '' && !contentType) length.push(['content-type', 'text/plain']);
    return { status: reply.status, headers: [...length, ...extra], body: reply.body };
  }
  const grpcStatus = reply.grpcStatus ?? grpcStatusOfHttp(reply.status);
  const headers: (readonly [string, string])[] = [
    ['content-type', 'application/grpc'],
    ['grpc-status', String(grpcStatus)],
    ...(reply.body === '' ? [] : [['grpc-message', grpcMessage(reply.body)] as const]),
    ['content-length', '0'],
    ...extra,
  ];
  return { status: 200, headers, body: '' };
};

/** The same as a head, with its date. */
export const localReplyHead = (
  exchange: Exchange,
  reply: LocalReply,
): { readonly status: number; readonly head: MessageHead; readonly body: string } => {
  const { headers, status, body } = renderLocalReply(exchange, reply);
  const head = new MessageHead();
  for (const [name, value] of headers) head.append(name, value);
  head.append('date', new Date().toUTCString());
  return { status, head, body };
};

/** What a route answers itself. */
export const directReply = (
  exchange: Exchange,
  action: Exclude<RouteEntry['action'], ForwardAction>,
): LocalReply => {
  const { status } = action;
  const details = 'direct_response';
  if (action.kind === 'redirect') {
    return { status, body: '', details, headers: [['location', action.location(exchange)]] };
  }
  return { status, body: latin1Slice(Buffer.from(action.body), 0, action.body.length), details };
};
