import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ApiError } from '../api-error.ts';
import type { LogOptions } from './pod-backend.ts';
import type { StreamTarget } from './stream-target.ts';

const isTrue = (query: URLSearchParams, name: string): boolean =>
  ['true', '1', ''].includes(query.get(name) ?? 'false');

const natural = (query: URLSearchParams, name: string, least: number): number | undefined => {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least))
    throw new ApiError(
      'BadRequest',
      `${name}: Invalid value: "${text}": must be an integer greater than or equal to ${least}`,
    );
  return value;
};

const time = (query: URLSearchParams): string | undefined => {
  const text = query.get('sinceTime');
  if (text === null || text === '') return undefined;
  if (Number.isNaN(Date.parse(text)))
    throw new ApiError('BadRequest', `sinceTime: Invalid value: "${text}": must be RFC 3339`);
  return text;
};

/**
 * Reads core/v1 PodLogOptions as kubectl writes them.
 * @throws ApiError BadRequest for a number or time that is none, or for both `since` options.
 */
export const parseLogOptions = (query: URLSearchParams): LogOptions => {
  const tailLines = natural(query, 'tailLines', 0);
  const limitBytes = natural(query, 'limitBytes', 1);
  const sinceSeconds = natural(query, 'sinceSeconds', 1);
  const sinceTime = time(query);
  if (sinceSeconds !== undefined && sinceTime !== undefined)
    throw new ApiError('BadRequest', 'at most one of `sinceTime` or `sinceSeconds` may be given');
  return {
    follow: isTrue(query, 'follow'),
    previous: isTrue(query, 'previous'),
    timestamps: isTrue(query, 'timestamps'),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
    ...(sinceTime !== undefined && { sinceTime }),
  };
};

/**
 * Answers pods/log with the backend's bytes until they end or the client leaves.
 * @throws ApiError of the options or the backend, before anything was sent.
 */
export const serveLog = async (response: ServerResponse, target: StreamTarget): Promise<void> => {
  const options = parseLogOptions(target.query);
  const log = await target.pods.logs(target.ref, options);
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  // Fails when the client left (kubectl logs -f, Ctrl-C) or the log did: the pipeline has closed both.
  await pipeline(log, response).catch(() => undefined);
};
