import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '../api-error.ts';

/** Whatever a backend rejects with, as an answer; unknown errors keep their text out of it. */
export const toApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(
        'InternalError',
        'an error on the server has prevented the request from succeeding',
      );

/** Answers an upgrade request that is not upgraded. */
export const refuseUpgrade = (socket: Duplex, error: ApiError): void => {
  const body = JSON.stringify(error.toStatus());
  socket.end(
    [
      `HTTP/1.1 ${error.httpCode} ${error.code}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
};

/** Answers a request whose answer has not begun; afterwards the connection can only be cut. */
export const sendFailure = (response: ServerResponse, error: ApiError): void => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(error.toStatus());
  response.writeHead(error.httpCode, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
};
