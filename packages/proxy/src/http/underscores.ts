import type { HttpConnectionManagerSettings } from '@lateen/routing';
import type { MessageHead } from '../http1/head-parser.ts';

/** Names with `_`: behind CGI they are the same as names with `-`. */
const namesWithUnderscore = (request: MessageHead): readonly string[] =>
  [...request.entries()].map(([name]) => name).filter((name) => name.includes('_'));

/**
 * Does what `headers_with_underscores_action` says; false: the request is to be refused. Looks at
 * names only where the action is not to allow them.
 */
export const applyUnderscores = (
  request: MessageHead,
  action: HttpConnectionManagerSettings['headersWithUnderscores'],
): boolean => {
  if (action === 'allow' || !request.text.includes('_')) return true;
  const names = namesWithUnderscore(request);
  if (action === 'reject-request') return names.length === 0;
  for (const name of names) request.remove(name);
  return true;
};
