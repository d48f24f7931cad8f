import type { HttpConnectionManagerSettings } from '@lateen/routing';
import { isAuthority } from '../http1/byte-class.ts';
import { headFlag, type MessageHead } from '../http1/head-parser.ts';

/** Where a request wants to go, or why the codec refuses it (Envoy's status and details). */
export type RequestTarget =
  | { readonly authority: string; readonly path: string; readonly refused?: undefined }
  | { readonly refused: { readonly status: number; readonly details: string } };

const refuse = (status: number, details: string): RequestTarget => ({
  refused: { status, details },
});

const malformed = refuse(400, 'http1.codec_error');
const invalidUrl = refuse(400, 'http1.invalid_url');
const invalidScheme = refuse(400, 'http1.invalid_scheme');
const invalidAuthority = refuse(400, 'invalid_authority');
const bodyDisallowed = refuse(400, 'http1.body_disallowed');
const lowVersion = refuse(426, 'low_version');
const noTransferCoding = refuse(501, 'http1.invalid_transfer_encoding');

/** `scheme://host[:port]/path`: what clients of a forward proxy send (RFC 9112 section 3.2.2). */
const absoluteForm = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/;
/** Only these are HTTP. */
const httpScheme = /^https?$/i;
const maxPort = 65_535;

/** Whether the port, if there is one, is a number that ports can have. */
const hasPossiblePort = (authority: string): boolean => {
  const port = /:(\d+)$/.exec(authority)?.[1];
  return port === undefined || Number(port) <= maxPort;
};

const readAbsolute = (
  head: MessageHead,
  target: string,
  settings: HttpConnectionManagerSettings,
): RequestTarget => {
  const match = absoluteForm.exec(target);
  if (match === null) return target === '*' ? invalidUrl : malformed;
  const [, scheme = '', authority = '', rest = ''] = match;
  // Passed on as a path, which the connection manager will not route.
  if (!settings.allowAbsoluteUrl) {
    return { authority: head.hostLine < 0 ? '' : head.valueAt(head.hostLine), path: target };
  }
  if (authority === '' || !hasPossiblePort(authority)) return invalidUrl;
  if (!httpScheme.test(scheme)) return invalidScheme;
  if (!isAuthority(authority)) return invalidAuthority;
  head.set('host', authority);
  return { authority, path: rest.startsWith('/') ? rest : `/${rest}` };
};

/** CONNECT names a host and a port, and has no body (RFC 9110 section 9.3.6). */
const readConnect = (head: MessageHead, target: string): RequestTarget => {
  if ((head.flags & headFlag.chunked) !== 0) return noTransferCoding;
  if (head.contentLength > 0) return bodyDisallowed;
  if (head.contentLength === 0) head.remove('content-length');
  if (!isAuthority(target)) return target.startsWith('/') ? invalidUrl : malformed;
  return hasPossiblePort(target) ? { authority: target, path: '' } : invalidUrl;
};

/** Host of an HTTP/1.0 request, which need not have one. */
const http10Authority = (
  head: MessageHead,
  settings: HttpConnectionManagerSettings,
): string | RequestTarget => {
  if (!settings.acceptHttp10) return lowVersion;
  // Chunks came with 1.1: who sends them with 1.0 may be followed by somebody who does not see them.
  if ((head.flags & headFlag.chunked) !== 0) return malformed;
  if (head.hostLine >= 0) return head.valueAt(head.hostLine);
  const { defaultHostForHttp10 } = settings;
  if (defaultHostForHttp10 !== '') head.append('host', defaultHostForHttp10);
  return defaultHostForHttp10;
};

/** What a request needs to be read. */
export interface TargetContext {
  readonly method: string;
  readonly settings: HttpConnectionManagerSettings;
  /** An authority known to be well-formed: the last one of the connection. */
  readonly trusted: string;
}

/** Host as it stands; empty when there is none. */
const hostOf = (head: MessageHead, trusted: string): string =>
  head.hostLine < 0 ? '' : head.valueOr(head.hostLine, trusted);

/**
 * Reads authority and path from the request line and Host. An empty authority of a request that
 * has no Host line is the connection manager's to refuse.
 */
export const readTarget = (head: MessageHead, context: TargetContext): RequestTarget => {
  const { method, settings, trusted } = context;
  const target = head.text.substring(head.targetStart, head.targetEnd);
  const host =
    (head.flags & headFlag.http10) === 0 ? hostOf(head, trusted) : http10Authority(head, settings);
  if (typeof host !== 'string') return host;
  if (method === 'CONNECT') return readConnect(head, target);
  const isPath = target.charCodeAt(0) === 47 || (target === '*' && method === 'OPTIONS');
  if (!isPath) return readAbsolute(head, target, settings);
  const isTrusted = host === trusted || host === '' || isAuthority(host);
  return isTrusted ? { authority: host, path: target } : invalidAuthority;
};
