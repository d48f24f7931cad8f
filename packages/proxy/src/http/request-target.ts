import type { HttpConnectionManagerSettings } from '@lateen/routing';
import { isAuthority } from '../http1/byte-class.ts';
import { headFlag, type MessageHead } from '../http1/head-parser.ts';

/** Where a request wants to go, or why it cannot be told. */
export type RequestTarget =
  | { readonly authority: string; readonly path: string; readonly refused?: undefined }
  | { readonly refused: { readonly status: number; readonly details: string } };

const refuse = (status: number, details: string): RequestTarget => ({
  refused: { status, details },
});

const malformed = refuse(400, 'http1.codec_error');

/** `http://host[:port]/path`: what clients of a forward proxy send (RFC 9112 section 3.2.2). */
const absoluteForm = /^https?:\/\/([^/?#]+)([^#]*)$/i;

const readAbsolute = (
  head: MessageHead,
  target: string,
  settings: HttpConnectionManagerSettings,
): RequestTarget => {
  const match = settings.allowAbsoluteUrl ? absoluteForm.exec(target) : null;
  if (match === null) return malformed;
  const [, authority = '', rest = ''] = match;
  if (!isAuthority(authority)) return malformed;
  head.set('host', authority);
  return { authority, path: rest.startsWith('/') ? rest : `/${rest}` };
};

/** Host of an HTTP/1.0 request, which need not have one. */
const http10Authority = (
  head: MessageHead,
  settings: HttpConnectionManagerSettings,
): string | RequestTarget => {
  if (!settings.acceptHttp10) return refuse(426, 'low_version');
  if (head.hostLine >= 0) return head.valueAt(head.hostLine);
  const { defaultHostForHttp10 } = settings;
  if (defaultHostForHttp10 === '') return refuse(400, 'missing_host_header');
  head.append('host', defaultHostForHttp10);
  return defaultHostForHttp10;
};

/**
 * Reads authority and path from the request line and Host. `trusted` is an authority known to be
 * well-formed: the last one of the connection.
 */
export const readTarget = (
  head: MessageHead,
  method: string,
  settings: HttpConnectionManagerSettings,
  trusted: string,
): RequestTarget => {
  const target = head.text.substring(head.targetStart, head.targetEnd);
  const host =
    (head.flags & headFlag.http10) === 0
      ? head.valueOr(head.hostLine, trusted)
      : http10Authority(head, settings);
  if (typeof host !== 'string') return host;
  if (method === 'CONNECT') {
    return isAuthority(target) ? { authority: target, path: '' } : malformed;
  }
  const isPath = target.charCodeAt(0) === 47 || (target === '*' && method === 'OPTIONS');
  if (!isPath) return readAbsolute(head, target, settings);
  return host === trusted || isAuthority(host) ? { authority: host, path: target } : malformed;
};
