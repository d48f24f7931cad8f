import type { RegexMatchAndSubstitute } from '@lateen/xds/gen/envoy/type/matcher/v3/regex_pb.js';
import type { PathRewrite } from './decision.ts';
import type { Findings } from './findings.ts';
import { compileRegex, parseSubstitution } from './regex.ts';
import { pathEnd } from './request-path.ts';
import type { PathMatch } from './route-match.ts';

/**
 * `prefix_rewrite`: the matched prefix is replaced; where an exact path or a regex matched, the whole
 * path is. The query stays.
 */
export const compilePrefixRewrite = (replacement: string, match: PathMatch): PathRewrite => {
  const isPrefix = match.kind === 'prefix' || match.kind === 'segment-prefix';
  const length = isPrefix ? match.text.length : undefined;
  return {
    kind: 'prefix',
    apply: (path) => replacement + path.slice(length ?? pathEnd(path)),
  };
};

/** `RegexMatchAndSubstitute` on plain text: every match anywhere is replaced. */
export const compileTextRewrite = (
  rewrite: RegexMatchAndSubstitute,
  findings: Findings,
  path: string,
): ((text: string) => string) => {
  const regex = compileRegex(rewrite.pattern?.regex ?? '', findings, `${path}.pattern.regex`);
  if (regex === undefined) return (text) => text;
  const substitution = parseSubstitution(
    rewrite.substitution,
    regex,
    findings,
    `${path}.substitution`,
  );
  return (text) => regex.replaceAll(text, substitution);
};

/** `regex_rewrite`: on the path without the query. */
export const compileRegexRewrite = (
  rewrite: RegexMatchAndSubstitute,
  findings: Findings,
  path: string,
): PathRewrite => {
  const replace = compileTextRewrite(rewrite, findings, path);
  return {
    kind: 'regex',
    apply: (text) => {
      const end = pathEnd(text);
      return replace(text.slice(0, end)) + text.slice(end);
    },
  };
};
