import type {
  QueryParameterMatcher,
  RouteMatch,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { MetadataMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import type { Findings } from './findings.ts';
import { allMillionths, runtimeMillionths } from './fraction.ts';
import { compileHeaderCondition, readHeader } from './header-condition.ts';
import { compileMetadataMatch } from './metadata-match.ts';
import { compileRegex, type Regex } from './regex.ts';
import type { Millionths, RequestHead } from './request-head.ts';
import { pathOnly, queryParameter } from './request-path.ts';
import { compileStringMatch } from './string-match.ts';

/** How a route looks at the path. `text` is folded to lower case when `ignoreCase`. */
export type PathMatch =
  | { readonly kind: 'exact'; readonly text: string; readonly ignoreCase: boolean }
  | { readonly kind: 'prefix'; readonly text: string; readonly ignoreCase: boolean }
  /** The prefix itself, or the prefix followed by `/`. */
  | { readonly kind: 'segment-prefix'; readonly text: string; readonly ignoreCase: boolean }
  | { readonly kind: 'regex'; readonly regex: Regex }
  | { readonly kind: 'connect' }
  | { readonly kind: 'never' };

/** One further condition of a route. */
export interface RouteCondition {
  /** For people: `header end-user exact jason`. */
  readonly text: string;
  holds(head: RequestHead): boolean;
  /** What the request had. */
  actual(head: RequestHead): string;
}

/** A compiled `envoy.config.route.v3.RouteMatch`. */
export interface CompiledMatch {
  readonly path: PathMatch;
  readonly conditions: readonly RouteCondition[];
  /** Probability that the route is taken although all else holds. */
  readonly fraction: Millionths;
}

const plainPath = (
  kind: 'exact' | 'prefix' | 'segment-prefix',
  text: string,
  match: RouteMatch,
): PathMatch => {
  const ignoreCase = match.caseSensitive === false;
  return { kind, text: ignoreCase ? text.toLowerCase() : text, ignoreCase };
};

const compileSegmentPrefix = (match: RouteMatch, findings: Findings, path: string): PathMatch => {
  const text = String(match.pathSpecifier.value);
  if (!text.startsWith('/') || text.endsWith('/') || /[?#]/.test(text)) {
    const message = 'must start with "/", not end with it, and hold neither "?" nor "#"';
    findings.error(`${path}.path_separated_prefix`, 'FieldInvalid', message);
  }
  return plainPath('segment-prefix', text, match);
};

const compilePath = (match: RouteMatch, findings: Findings, path: string): PathMatch => {
  const specifier = match.pathSpecifier;
  switch (specifier.case) {
    case 'path':
      return plainPath('exact', specifier.value, match);
    case 'prefix':
      return plainPath('prefix', specifier.value, match);
    case 'pathSeparatedPrefix':
      return compileSegmentPrefix(match, findings, path);
    case 'safeRegex': {
      const regex = compileRegex(specifier.value.regex, findings, `${path}.safe_regex.regex`);
      return regex === undefined ? { kind: 'never' } : { kind: 'regex', regex };
    }
    case 'connectMatcher':
      return { kind: 'connect' };
    default: {
      const what = specifier.case === undefined ? 'a path specifier is required' : 'is not known';
      findings.error(`${path}.path_specifier`, 'FieldRequired', what);
      return { kind: 'never' };
    }
  }
};

const compileQuery = (
  matcher: QueryParameterMatcher,
  findings: Findings,
  path: string,
): RouteCondition => {
  const { name, queryParameterMatchSpecifier: specifier } = matcher;
  const actual = (head: RequestHead): string => queryParameter(head.path, name) ?? 'absent';
  if (specifier.case === 'stringMatch') {
    const match = compileStringMatch(specifier.value, findings, `${path}.string_match`);
    const holds = (head: RequestHead): boolean => {
      const value = queryParameter(head.path, name);
      return value !== undefined && match.matches(value);
    };
    return { text: `query ${name} ${match.text}`, holds, actual };
  }
  const wanted = specifier.case === 'presentMatch' ? specifier.value : true;
  return {
    text: `query ${name} ${wanted ? 'present' : 'absent'}`,
    holds: (head) => (queryParameter(head.path, name) !== undefined) === wanted,
    actual,
  };
};

const grpc: RouteCondition = {
  text: 'content-type application/grpc',
  holds: (head) => /^application\/grpc($|[+;])/.test(head.header('content-type') ?? ''),
  actual: (head) => head.header('content-type') ?? 'absent',
};

const compileTlsContext = (match: RouteMatch): readonly RouteCondition[] => {
  const wanted = match.tlsContext;
  if (wanted === undefined) return [];
  const conditions: RouteCondition[] = [];
  for (const fact of ['presented', 'validated'] as const) {
    const value = wanted[fact];
    if (value === undefined) continue;
    conditions.push({
      text: `client certificate ${value ? '' : 'not '}${fact}`,
      holds: (head) => (head.clientCertificate?.[fact] ?? false) === value,
      actual: (head) => String(head.clientCertificate?.[fact] ?? false),
    });
  }
  return conditions;
};

const compileMetadata = (
  matcher: MetadataMatcher,
  findings: Findings,
  path: string,
): RouteCondition => {
  const match = compileMetadataMatch(matcher, findings, path);
  const read = (head: RequestHead): unknown => head.dynamicMetadata?.(match.filter, match.path);
  return {
    text: match.text,
    holds: (head) => match.matches(read(head)),
    actual: (head) => JSON.stringify(read(head)) ?? 'absent',
  };
};

/** Compiles every criterion of a route match. */
export const compileRouteMatch = (
  match: RouteMatch,
  findings: Findings,
  path: string,
): CompiledMatch => {
  const headers = match.headers.map((header, index): RouteCondition => {
    const condition = compileHeaderCondition(header, findings, `${path}.headers[${index}]`);
    const { text, holds, name } = condition;
    return { text, holds, actual: (head) => readHeader(head, name) ?? 'absent' };
  });
  const queries = match.queryParameters.map((matcher, index) =>
    compileQuery(matcher, findings, `${path}.query_parameters[${index}]`),
  );
  const metadata = match.dynamicMetadata.map((matcher, index) =>
    compileMetadata(matcher, findings, `${path}.dynamic_metadata[${index}]`),
  );
  return {
    path: compilePath(match, findings, path),
    conditions: [
      ...headers,
      ...queries,
      ...(match.grpc === undefined ? [] : [grpc]),
      ...compileTlsContext(match),
      ...metadata,
    ],
    fraction: runtimeMillionths(match.runtimeFraction, allMillionths),
  };
};

/** For people: `path prefix /api`. */
export const describePath = (path: PathMatch): string => {
  if (path.kind === 'connect') return 'method CONNECT';
  if (path.kind === 'never') return 'nothing';
  if (path.kind === 'regex') return `path regex ${path.regex.source}`;
  return `path ${path.kind} ${path.text}${path.ignoreCase ? ' (any case)' : ''}`;
};

const segmentEnds = (path: string, length: number): boolean =>
  path.length === length || path.charCodeAt(length) === 47;

/** The path test alone, without an index: the oracle for `explain`. */
export const pathMatches = (match: PathMatch, head: RequestHead): boolean => {
  if (match.kind === 'connect') return head.method === 'CONNECT';
  if (match.kind === 'never') return false;
  const path = pathOnly(head.path);
  if (match.kind === 'regex') return match.regex.matches(path);
  const seen = match.ignoreCase ? path.toLowerCase() : path;
  if (match.kind === 'exact') return seen === match.text;
  const starts = seen.startsWith(match.text);
  return match.kind === 'prefix' ? starts : starts && segmentEnds(seen, match.text.length);
};
