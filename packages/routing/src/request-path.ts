/** The path without query and fragment: what routes match on (Envoy's `removeQueryAndFragment`). */
export const pathOnly = (path: string): string => {
  const end = pathEnd(path);
  return end === path.length ? path : path.slice(0, end);
};

/** Index of the first `?` or `#`, or the length. */
export const pathEnd = (path: string): number => {
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code === 63 || code === 35) return at;
  }
  return path.length;
};

/** First value of a query parameter, as sent (Envoy does not decode it); undefined when absent, empty for `?key`. */
export const queryParameter = (path: string, name: string): string | undefined => {
  const start = path.indexOf('?');
  if (start < 0) return undefined;
  const hash = path.indexOf('#', start);
  const query = path.slice(start + 1, hash < 0 ? path.length : hash);
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (key === name) return equals < 0 ? '' : pair.slice(equals + 1);
  }
  return undefined;
};

/** The query without its question mark; empty when there is none. */
export const queryText = (path: string): string => {
  const question = path.indexOf('?');
  return question < 0 ? '' : path.slice(question + 1).replace(/#.*$/s, '');
};
