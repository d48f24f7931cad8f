import {
  applyHeaderMutation,
  type Destination,
  type FormatContext,
  type ForwardAction,
  type HeaderMutation,
} from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';

/** What the head depends on besides the exchange. */
export interface HeadParts {
  readonly action: ForwardAction;
  readonly destination: Destination;
  readonly mutations: readonly HeaderMutation[];
  readonly formats: { formatContext(): FormatContext };
}

const rewrittenAuthority = (exchange: Exchange, parts: HeadParts): string | undefined => {
  const { action, destination } = parts;
  if (action.authorityRewrite !== undefined) return action.authorityRewrite;
  if (destination.authorityRewrite !== undefined) return destination.authorityRewrite;
  if (action.authorityFromHeader !== undefined) return exchange.header(action.authorityFromHeader);
  return action.authorityFromPath?.(exchange.path);
};

/** Replaces Host, keeping the old one in `x-forwarded-host` where asked for. */
export const rewriteAuthority = (
  exchange: Exchange,
  action: ForwardAction,
  authority: string,
): void => {
  if (action.appendForwardedHost) exchange.request.append('x-forwarded-host', exchange.authority);
  exchange.request.set('host', authority);
};

/** Pseudo headers that mutations may set: collected, then applied to the start line and Host. */
const takePseudo = (exchange: Exchange, name: string): string | undefined => {
  const value = exchange.request.get(name);
  if (value !== undefined) exchange.request.remove(name);
  return value;
};

/**
 * Applies what the route says to the request's head, once: mutations, host and path. Returns the
 * path that goes upstream.
 */
export const applyRoute = (exchange: Exchange, parts: HeadParts): string => {
  const { action, mutations } = parts;
  let path = exchange.path;
  if (mutations.length > 0) {
    const context = parts.formats.formatContext();
    for (const mutation of mutations) applyHeaderMutation(exchange.request, mutation, context);
    const authority = takePseudo(exchange, ':authority');
    if (authority !== undefined) rewriteAuthority(exchange, action, authority);
    path = takePseudo(exchange, ':path') ?? path;
  }
  const authority = rewrittenAuthority(exchange, parts);
  if (authority !== undefined && authority !== '') rewriteAuthority(exchange, action, authority);
  if (action.pathRewrite === undefined) return path;
  const rewritten = action.pathRewrite.apply(path);
  if (rewritten !== path) exchange.request.set('x-envoy-original-path', path);
  return rewritten;
};

/** The request line, or undefined when the one that came is right. */
export const requestLine = (exchange: Exchange, path: string): string | undefined => {
  const { request, method } = exchange;
  const { text, targetStart, targetEnd } = request;
  const isSame =
    targetEnd - targetStart === path.length &&
    text.startsWith(path, targetStart) &&
    text.charCodeAt(targetEnd + 8) === 49;
  return isSame ? undefined : `${method} ${path} HTTP/1.1\r\n`;
};
