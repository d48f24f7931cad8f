/** What happens to a request path before it is matched. */
export interface PathOptions {
  /** RFC 3986 section 6: dot segments, percent-encoded unreserved characters. Envoy default false. */
  readonly normalize: boolean;
  /** `//` becomes `/`. Default false. */
  readonly mergeSlashes: boolean;
  /** What `%2F` and `%5C` mean. Default `keep`. */
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'unescape';
}

/** The path to go on with; `reject` is answered 400, `redirect` with a 307 to `path`. */
export type NormalizedPath =
  | { readonly action: 'continue' | 'redirect'; readonly path: string }
  | { readonly action: 'reject' };

/** Escaped slashes, dot segments, backslashes, doubled slashes and percent signs: worth a look. */
const suspicious = /%|\\|\/\/|\/\.(?:$|[/.?#\\])/;

const unreserved = /[A-Za-z0-9\-._~]/;

/** Decodes unreserved characters only; whatever else stands behind a percent sign stays. */
const decodeUnreserved = (path: string): string =>
  path.replace(/%([0-9A-Fa-f]{2})/g, (escaped: string, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return unreserved.test(character) ? character : escaped;
  });

/** RFC 3986 section 5.2.4: `..` stops at the root. */
const removeDotSegments = (path: string): string => {
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const isDots = segment === '.' || segment === '..';
    if (segment === '..') kept.pop();
    if (!isDots) kept.push(segment);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
};

const canonical = (path: string): string | undefined => {
  // Envoy's canonicalisation refuses NUL and is lenient with everything else.
  if (path.includes('%00') || path.includes('\0')) return undefined;
  return removeDotSegments(decodeUnreserved(path.replaceAll('\\', '/')));
};

const rejected: NormalizedPath = { action: 'reject' };

const unescapeSlashes = (path: string): string => path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');

const normalizePart = (part: string, options: PathOptions): NormalizedPath => {
  const { escapedSlashes, normalize, mergeSlashes } = options;
  let path = part;
  let redirect = false;
  if (escapedSlashes !== 'keep' && /%2f|%5c/i.test(path)) {
    if (escapedSlashes === 'reject') return rejected;
    redirect = escapedSlashes === 'redirect';
    path = unescapeSlashes(path);
  }
  if (normalize) {
    const clean = canonical(path);
    if (clean === undefined) return rejected;
    path = clean;
  }
  if (mergeSlashes) path = path.replace(/\/{2,}/g, '/');
  return { action: redirect ? 'redirect' : 'continue', path };
};

/** The index where the query or fragment starts. */
const splitAt = (path: string): number => {
  const end = path.search(/[?#]/);
  return end < 0 ? path.length : end;
};

/**
 * Whether a path may need work. False for nearly all paths: the caller keeps the string it has and
 * `normalizePath` is not called.
 */
export const needsNormalization = (path: string, options: PathOptions): boolean =>
  (options.normalize || options.mergeSlashes || options.escapedSlashes !== 'keep') &&
  suspicious.test(path);

/**
 * Normalises the path of a request as Envoy's `normalize_path`, `merge_slashes` and
 * `path_with_escaped_slashes_action` do; the query stays as it is. What does not start with `/`
 * (`*`, CONNECT) is left alone.
 */
export const normalizePath = (path: string, options: PathOptions): NormalizedPath => {
  if (!path.startsWith('/') || !needsNormalization(path, options)) {
    return { action: 'continue', path };
  }
  const end = splitAt(path);
  const result = normalizePart(path.slice(0, end), options);
  if (result.action === 'reject' || end === path.length) return result;
  return { action: result.action, path: result.path + path.slice(end) };
};
