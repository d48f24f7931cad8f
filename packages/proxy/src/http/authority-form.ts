import type { HttpConnectionManagerSettings } from '@lateen/routing';
import type { Downstream } from './downstream.ts';

const withoutPort = (authority: string, only: string | undefined): string => {
  const match = /^(.*?):(\d+)$/.exec(authority);
  if (match === null || (only !== undefined && match[2] !== only)) return authority;
  return match[1] ?? authority;
};

/**
 * The authority as routes and upstreams shall see it: without a trailing dot
 * (`strip_trailing_host_dot`), without its port (`strip_any_host_port`), or without a port that is
 * the listener's (`strip_matching_host_port`). CONNECT keeps any port that is not the listener's.
 */
export const canonicalAuthority = (
  authority: string,
  method: string,
  connection: Downstream,
  settings: HttpConnectionManagerSettings,
): string => {
  let found = authority;
  if (settings.stripTrailingHostDot) found = found.replace(/\.(?=$|:\d+$)/, '');
  if (settings.stripPort === 'any' && method !== 'CONNECT') return withoutPort(found, undefined);
  if (settings.stripPort !== 'matching') return found;
  const { localLabel } = connection;
  return withoutPort(found, localLabel.slice(localLabel.lastIndexOf(':') + 1));
};
