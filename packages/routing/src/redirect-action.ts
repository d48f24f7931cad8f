import {
  RedirectAction_RedirectResponseCode as Code,
  type RedirectAction as RedirectMessage,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { RedirectAction } from './decision.ts';
import type { Findings } from './findings.ts';
import { compilePrefixRewrite, compileRegexRewrite } from './path-rewrite.ts';
import type { RequestHead } from './request-head.ts';
import type { PathMatch } from './route-match.ts';

const statuses: Readonly<Record<number, number>> = {
  [Code.MOVED_PERMANENTLY]: 301,
  [Code.FOUND]: 302,
  [Code.SEE_OTHER]: 303,
  [Code.TEMPORARY_REDIRECT]: 307,
  [Code.PERMANENT_REDIRECT]: 308,
};

/** Index of the colon before the port, or -1. Brackets of IPv6 are seen. */
export const portIndex = (authority: string): number => {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || authority.indexOf(']', colon) >= 0) return -1;
  // More than one colon without brackets is a bare IPv6 address.
  if (!authority.startsWith('[') && authority.indexOf(':') !== colon) return -1;
  return colon;
};

/** The request's host; its port goes when a new one comes, or was the default of the old scheme. */
const hostOf = (head: RequestHead, scheme: string, newPort: string): string => {
  const colon = portIndex(head.authority);
  if (colon < 0) return head.authority;
  const port = head.authority.slice(colon);
  const wasDefault =
    scheme !== head.scheme &&
    ((head.scheme === 'https' && port === ':443') || (head.scheme === 'http' && port === ':80'));
  return newPort !== '' || wasDefault ? head.authority.slice(0, colon) : head.authority;
};

const withoutQuery = (path: string): string => {
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
};

const compilePath = (
  message: RedirectMessage,
  match: PathMatch,
  findings: Findings,
  path: string,
): ((path: string) => string) => {
  const strip: (path: string) => string = message.stripQuery ? withoutQuery : (p) => p;
  const { case: kind, value } = message.pathRewriteSpecifier;
  if (kind === 'pathRedirect') {
    // A query in the configured path beats the request's and is never stripped.
    if (value.includes('?')) return () => value;
    return (original) => {
      const query = original.indexOf('?');
      return query < 0 || message.stripQuery ? value : value + original.slice(query);
    };
  }
  if (kind === 'prefixRewrite') {
    const rewrite = compilePrefixRewrite(value, match);
    return (original) => strip(rewrite.apply(original));
  }
  if (kind === 'regexRewrite') {
    const rewrite = compileRegexRewrite(value, findings, `${path}.regex_rewrite`);
    return (original) => strip(rewrite.apply(original));
  }
  return strip;
};

const schemeOf = (message: RedirectMessage): string => {
  const { case: kind, value } = message.schemeRewriteSpecifier;
  if (kind === 'schemeRedirect') return value;
  return kind === 'httpsRedirect' && value ? 'https' : '';
};

/** Compiles a redirect; the location is built as Envoy's `newUri`. */
export const compileRedirect = (
  message: RedirectMessage,
  match: PathMatch,
  findings: Findings,
  path: string,
): RedirectAction => {
  const newScheme = schemeOf(message);
  const newPort = message.portRedirect === 0 ? '' : `:${message.portRedirect}`;
  const rewrite = compilePath(message, match, findings, path);
  if (/[\r\n\0]/.test(message.hostRedirect + String(message.pathRewriteSpecifier.value))) {
    findings.error(path, 'HeaderInvalid', 'must not hold CR, LF or NUL');
  }
  return {
    kind: 'redirect',
    status: statuses[message.responseCode] ?? 301,
    location: (head) => {
      const scheme = newScheme === '' ? head.scheme : newScheme;
      const host = message.hostRedirect || hostOf(head, scheme, newPort);
      return `${scheme}://${host}${newPort}${rewrite(head.path)}`;
    },
  };
};
