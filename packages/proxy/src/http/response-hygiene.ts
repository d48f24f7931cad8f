import type { HttpConnectionManagerSettings } from '@lateen/routing';
import { headFlag, type MessageHead } from '../http1/head-parser.ts';
import type { Downstream } from './downstream.ts';
import type { Exchange } from './exchange.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** How the body goes to the client. */
export type ResponseFraming =
  /** As it came. */
  | 'same'
  /** Came until close, goes in chunks. */
  | 'encode-chunks'
  /** Came in chunks or until close, goes until close: an HTTP/1.0 client. */
  | 'until-close';

let dateSecond = 0;
let dateText = '';

/** `date` header, one text for each second. */
const httpDate = (): string => {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
};

/** Takes out what belongs to the upstream's connection only. */
export const removeResponseHopByHop = (response: MessageHead): void => {
  const { flags } = response;
  const any = headFlag.close | headFlag.keepAlive | headFlag.connectionTokens;
  if ((flags & any) !== 0) response.remove('connection');
  if ((flags & headFlag.upgrade) !== 0) response.remove('upgrade');
  response.remove('keep-alive');
  response.remove('proxy-connection');
};

/** `server` and `date` as Envoy sets them. */
export const applyServerHeaders = (
  response: MessageHead,
  settings: HttpConnectionManagerSettings,
): void => {
  const { serverHeader } = settings;
  if (serverHeader === 'overwrite') response.set('server', settings.serverName);
  else if (serverHeader === 'append-if-absent' && response.indexOf('server') < 0) {
    response.append('server', settings.serverName);
  }
  if (response.indexOf('date') < 0) response.append('date', httpDate());
  if (settings.via !== '') response.append('via', settings.via);
};

/** `server` and `connection` of an answer of our own. */
export const applyReplyHeaders = (
  head: MessageHead,
  settings: HttpConnectionManagerSettings,
  closes: boolean,
): void => {
  if (settings.serverHeader !== 'pass-through') head.append('server', settings.serverName);
  if (closes) head.append('connection', 'close');
};

/** The status line in place of one of HTTP/1.0; undefined: it may stay. */
export const statusLine = (response: MessageHead): string | undefined =>
  (response.flags & headFlag.http10) === 0
    ? undefined
    : `HTTP/1.1${response.text.substring(8, response.linesStart)}`;

/** How often the upstreams were asked, where the virtual host tells clients. */
export const applyAttemptCount = (
  response: MessageHead,
  { virtualHost, tries }: Pick<Exchange, 'virtualHost' | 'tries'>,
): void => {
  if (virtualHost?.includeAttemptCountInResponse !== true) return;
  response.set('x-envoy-attempt-count', String(tries));
};

/** How long the upstream took, from the end of the request to the head of its answer. */
export const applyServiceTime = (
  response: MessageHead,
  exchange: { readonly requestDoneMs: number; readonly responseStartMs: number },
): void => {
  const { requestDoneMs, responseStartMs } = exchange;
  const ms = requestDoneMs > 0 ? Math.max(0, Math.round(responseStartMs - requestDoneMs)) : 0;
  if (response.indexOf('x-envoy-upstream-service-time') >= 0) {
    response.remove('x-envoy-upstream-service-time');
  }
  response.append('x-envoy-upstream-service-time', String(ms));
};

/** Sets the framing headers for the client. */
export const applyFraming = (
  response: MessageHead,
  framing: ResponseFraming,
  closes: boolean,
): void => {
  if (framing === 'encode-chunks') response.append('transfer-encoding', 'chunked');
  else if (framing === 'until-close') response.remove('transfer-encoding');
  if (closes) response.append('connection', 'close');
};

/** How a body goes on to an HTTP/1 client. */
export const chooseFraming = (
  connection: Downstream,
  upstream: UpstreamConnection,
): ResponseFraming => {
  if (connection.isHttp10 && (upstream.isChunked || upstream.isCloseDelimited)) {
    upstream.decodeChunks = upstream.isChunked;
    connection.closeAfter = true;
    return 'until-close';
  }
  return upstream.isCloseDelimited ? 'encode-chunks' : 'same';
};
