/** What happens to a request path before it is matched. */
export interface PathOptions {
  /** RFC 3986 section 6: dot segments, percent-encoded unreserved characters. Envoy default false. */
  readonly normalize: boolean;
  /** `//` becomes `/`. Default false. */
  readonly mergeSlashes: boolean;
  /** What `%2F` and `%5C` mean. Default `keep`. */
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'unescape';
}
