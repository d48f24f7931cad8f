import type { HttpConnectionManagerSettings } from '@lateen/routing';
import type { MessageHead } from '../http1/head-parser.ts';
import { canonicalAuthority } from './authority-form.ts';
import { isSaneConnection } from './connection-header.ts';
import type { Downstream } from './downstream.ts';
import type { LocalReply } from './exchange.ts';
import { cleanPath } from './path-hygiene.ts';
import { readTarget } from './request-target.ts';
import { reasonOf } from './status-reason.ts';
import { applyUnderscores } from './underscores.ts';
import { requestedUpgrade } from './upgrade-request.ts';

/** What the first look at a request finds. */
export interface Admission {
  readonly authority: string;
  readonly path: string;
  readonly upgrade: string | undefined;
  /** The request is answered with this. */
  readonly reply?: LocalReply;
  /** The codec's refusal: the connection can say nothing further that is to be believed. */
  readonly isProtocolError?: boolean;
  /** What follows on the connection is no HTTP for all we know. */
  readonly closes?: boolean;
}

/** What HTTP/1.1 parsers of Envoy know; `allow_custom_methods` is not for users of Istio. */
const methods: ReadonlySet<string> = new Set(
  `ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE
  MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE
  SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE`.split(/\s+/),
);

const codecRefusal = (status: number, details: string): Admission => ({
  authority: '',
  path: '',
  upgrade: undefined,
  reply: { status, body: reasonOf(status), details, flag: 'DPE' },
  isProtocolError: true,
  closes: true,
});

const withReply = (authority: string, path: string, reply: LocalReply): Admission => ({
  authority,
  path,
  upgrade: undefined,
  reply,
});

const missingHost: LocalReply = { status: 400, body: '', details: 'missing_host_header' };
const unroutablePath: LocalReply = { status: 404, body: '', details: 'absolute_path_rejected' };
const badPath: LocalReply = { status: 400, body: '', details: 'path_normalization_failed' };
const badUpgrade: LocalReply = { status: 403, body: '', details: 'upgrade_failed' };

/** What concerns paths, which CONNECT has none of. */
const admitPath = (
  request: MessageHead,
  method: string,
  found: { readonly authority: string; readonly path: string },
  settings: HttpConnectionManagerSettings,
): Admission => {
  const { authority } = found;
  if (found.path !== '' && found.path.charCodeAt(0) !== 47) {
    return withReply(authority, found.path, unroutablePath);
  }
  const path = cleanPath(found.path, settings.path);
  if (path === undefined) return withReply(authority, found.path, badPath);
  if (typeof path !== 'string') return withReply(authority, path.location, path.reply);
  const upgrade = requestedUpgrade(request, method);
  if (upgrade === undefined) return { authority, path, upgrade };
  const closes = true;
  if (settings.upgrades.has(upgrade)) return { authority, path, upgrade, closes };
  return { ...withReply(authority, path, badUpgrade), closes };
};

/**
 * Reads what a request asks for and checks it in Envoy's order: what the codec refuses (400, 426 or
 * 501, and the connection closes), then what the connection manager answers itself.
 */
export const admitRequest = (
  connection: Downstream,
  method: string,
  settings: HttpConnectionManagerSettings,
): Admission => {
  const { request } = connection;
  const isHttp1 = connection.outlet === undefined;
  if (isHttp1 && method !== 'GET' && method !== 'POST' && !methods.has(method)) {
    return codecRefusal(400, 'http1.codec_error');
  }
  if (isHttp1 && !isSaneConnection(request)) {
    return codecRefusal(400, 'http1.connection_header_rejected');
  }
  if (!applyUnderscores(request, settings.headersWithUnderscores)) {
    return codecRefusal(400, 'http1.unexpected_underscore');
  }
  const target = readTarget(request, { method, settings, trusted: connection.cachedAuthority });
  if (target.refused !== undefined) {
    return codecRefusal(target.refused.status, target.refused.details);
  }
  if (target.authority === '' && request.hostLine < 0) {
    return withReply('', target.path, missingHost);
  }
  const authority = canonicalAuthority(target.authority, method, connection, settings);
  if (authority === target.authority) return admitPath(request, method, target, settings);
  request.set('host', authority);
  return admitPath(request, method, { authority, path: target.path }, settings);
};
