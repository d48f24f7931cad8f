import { headFlag, type MessageHead } from '../http1/head-parser.ts';

/** The protocol a request asks to change to, lower-case; undefined: none that concerns us. */
export const requestedUpgrade = (request: MessageHead, method: string): string | undefined => {
  if (method === 'CONNECT') return 'connect';
  if ((request.flags & headFlag.upgrade) === 0) return undefined;
  const isAsked = /(^|,)\s*upgrade\s*(,|$)/i.test(request.get('connection') ?? '');
  const wanted = (request.get('upgrade') ?? '').toLowerCase();
  // h2c by upgrade is dropped, as Envoy does: the request goes on as it is.
  return isAsked && wanted !== 'h2c' ? wanted : undefined;
};
