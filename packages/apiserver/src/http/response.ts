import type { ServerResponse } from 'node:http';
import type { Logger } from '@lateen/base';
import { ApiError } from '../api-error.ts';

/** Characters of a `Warning` header's text; longer ones are cut (RFC 9110 has no limit, proxies do). */
const maxWarningLength = 900;
/** Warnings sent with one answer. */
const maxWarnings = 20;

/** `299 - "text"` as kubectl prints it. */
const warningHeader = (text: string): string => {
  const clean = text.slice(0, maxWarningLength).replace(/[\r\n]+/g, ' ');
  const ascii = clean.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&');
  return `299 - "${ascii}"`;
};

/** An answer as JSON. */
export interface JsonAnswer {
  readonly code: number;
  readonly body: unknown;
  readonly warnings?: readonly string[];
  readonly contentType?: string;
}

/** Sends it whole, each warning as a `Warning` header (code 299); nothing where an answer has begun. */
export const sendJson = (response: ServerResponse, answer: JsonAnswer): void => {
  if (response.headersSent) return;
  const text = `${JSON.stringify(answer.body)}\n`;
  const warnings = [...new Set(answer.warnings ?? [])].slice(0, maxWarnings).map(warningHeader);
  if (warnings.length > 0) response.setHeader('warning', warnings);
  response.writeHead(answer.code, {
    'content-type': answer.contentType ?? 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
  });
  response.end(text);
};

/** An error as a Status; what is not an `ApiError` is our fault and logged. */
export const sendError = (response: ServerResponse, error: unknown, log: Logger): void => {
  if (!(error instanceof ApiError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error('request failed', { reason: text });
  }
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const known =
    error instanceof ApiError
      ? error
      : new ApiError('InternalError', 'an error on the server; its log says more');
  sendJson(response, { code: known.httpCode, body: known.toStatus() });
};
