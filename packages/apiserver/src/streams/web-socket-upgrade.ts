import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/** Largest message accepted: kubectl sends at most 32 KiB, other clients a few times that. */
const maxMessageBytes = 1024 * 1024;

/** Subprotocols a request offers, in its order. */
export const offeredProtocols = (request: IncomingMessage): readonly string[] =>
  (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');

/** Stands for the chosen subprotocol inside `ws`, which refuses names with a slash (RFC 6455 wants tokens). */
const placeholder = 'chosen';

/**
 * Accepts a WebSocket with `protocol`, which must be one that the request offers. Undefined when the
 * handshake was malformed; the request is then answered already.
 */
export const acceptWebSocket = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<WebSocket | undefined> => {
  const { promise, resolve } = Promise.withResolvers<WebSocket | undefined>();
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: () => placeholder,
  });
  server.on('headers', (lines) => {
    lines.forEach((line, index) => {
      if (line === `Sec-WebSocket-Protocol: ${placeholder}`)
        lines[index] = `Sec-WebSocket-Protocol: ${protocol}`;
    });
  });
  request.headers['sec-websocket-protocol'] = placeholder;
  socket.once('close', () => resolve(undefined));
  server.handleUpgrade(request, socket, head, resolve);
  return promise;
};
