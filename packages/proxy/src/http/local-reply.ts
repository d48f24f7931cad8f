import type { Exchange, LocalReply } from './exchange.ts';

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  418: "I'm a Teapot",
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** Text behind the status in a status line. */
export const reasonOf = (status: number): string => reasons[status] ?? 'Unknown';

/** gRPC status for an HTTP status (gRPC's http-grpc-status-mapping). */
const grpcStatuses: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

const isGrpc = (exchange: Exchange): boolean =>
  /^application\/grpc($|[+;])/.test(exchange.header('content-type') ?? '');

/** Header lines and body of a local reply; a gRPC caller gets the status in its own form. */
export const renderLocalReply = (
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
  const grpcStatus = reply.grpcStatus ?? grpcStatuses[reply.status] ?? 2;
  const headers: (readonly [string, string])[] = [
    ['content-type', 'application/grpc'],
    ['grpc-status', String(grpcStatus)],
    ...(reply.body === '' ? [] : [['grpc-message', encodeURI(reply.body)] as const]),
    ['content-length', '0'],
    ...extra,
  ];
  return { status: 200, headers, body: '' };
};
