import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiError } from '../api-error.ts';
import { forwardableHeaders } from './hop-by-hop.ts';
import type { StreamTarget } from './stream-target.ts';

/** How long an app may take to begin its answer: longer than any tutorial's injected delay. */
const maxAnswerMs = 60_000;

const withheld: readonly string[] = ['authorization', 'cookie', 'host'];

const pathOf = ({ path = '/', query }: StreamTarget): string => {
  const text = query.toString();
  const absolute = path.startsWith('/') ? path : `/${path}`;
  // Anything else could end the request line and start another request.
  if (!/^[\x21-\x7e]+$/.test(absolute))
    throw new ApiError('BadRequest', 'the path must be percent-encoded');
  return text === '' ? absolute : `${absolute}?${text}`;
};

const unreachable = (cause: unknown): ApiError =>
  new ApiError(
    'ServiceUnavailable',
    `error trying to reach service: ${cause instanceof Error ? cause.message : String(cause)}`,
  );

const dial = async ({ pods, ref, port = 80 }: StreamTarget): Promise<Duplex> => {
  try {
    return await pods.dial(ref, port);
  } catch (error) {
    throw error instanceof ApiError ? error : unreachable(error);
  }
};

/** Sends the request over `connection` and resolves with the head of the answer. */
const ask = (
  request: IncomingMessage,
  target: StreamTarget,
  connection: Duplex,
): Promise<IncomingMessage> => {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { ref, port = 80 } = target;
  const outgoing = httpRequest({
    createConnection: () => connection as Socket,
    method: request.method ?? 'GET',
    path: pathOf(target),
    headers: {
      ...forwardableHeaders(request.headers, withheld),
      host: `${ref.name}:${port}`,
      connection: 'close',
    },
  });
  outgoing.setTimeout(maxAnswerMs, () => outgoing.destroy(new Error('timed out')));
  outgoing.once('response', resolve);
  outgoing.on('error', (error) => reject(unreachable(error)));
  // The pipeline's own failure is the request's error event.
  pipeline(request, outgoing).catch(() => undefined);
  return promise;
};

/**
 * Passes a request on to a port of the pod, and the answer back.
 * @throws ApiError ServiceUnavailable when the app cannot be reached, before anything was sent.
 */
export const serveProxy = async (
  request: IncomingMessage,
  response: ServerResponse,
  target: StreamTarget,
): Promise<void> => {
  const connection = await dial(target);
  try {
    const answer = await ask(request, target, connection);
    answer.socket.setTimeout?.(0);
    response.writeHead(answer.statusCode ?? 502, forwardableHeaders(answer.headers));
    // The client left, or the app broke off: both ends are closed and nobody is left to tell.
    await pipeline(answer, response).catch(() => undefined);
  } finally {
    connection.destroy();
  }
};

const headLines = (request: IncomingMessage, target: StreamTarget): string => {
  const { ref, port = 80 } = target;
  const fields = Object.entries(forwardableHeaders(request.headers, withheld)).flatMap(
    ([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}`),
  );
  return [
    `${request.method} ${pathOf(target)} HTTP/1.1`,
    `host: ${ref.name}:${port}`,
    'connection: Upgrade',
    `upgrade: ${request.headers.upgrade}`,
    ...fields,
    '\r\n',
  ].join('\r\n');
};

/**
 * Passes an upgrade (WebSocket) on to a port of the pod: the app answers it, bytes go both ways.
 * @throws ApiError when the app cannot be reached, before anything was sent.
 */
export const proxyUpgrade = async (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: StreamTarget,
): Promise<void> => {
  const connection = await dial(target);
  connection.write(headLines(request, target));
  connection.write(head);
  await Promise.allSettled([pipeline(socket, connection), pipeline(connection, socket)]);
};
