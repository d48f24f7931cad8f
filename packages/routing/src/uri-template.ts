import type { Findings } from './findings.ts';
import { compileRegexMatch, type StringMatch } from './string-match.ts';

/** Characters Envoy lets a glob take: RFC 3986 pchar without `*` and `=`, which are operators. */
const glob = "a-zA-Z0-9\\-._~%!$&'()+,;:@";
const literal = /^[a-zA-Z0-9\-._~%!$&'()+,;:@]+$/;

const escapeLiteral = (text: string): string => text.replace(/[$()+.]/g, '\\$&');

const operators: Readonly<Record<string, string>> = {
  '*': `[${glob}]+`,
  '**': `[${glob}/]*`,
};

/** One segment, or the inside of a variable, as an expression; undefined when it is none. */
const segmentPattern = (segment: string): string | undefined =>
  operators[segment] ?? (literal.test(segment) ? escapeLiteral(segment) : undefined);

/** `{name}` or `{name=a/*}`: names do not matter to a match. */
const variablePattern = (text: string): string | undefined => {
  const match = /^[a-zA-Z][a-zA-Z0-9_]{0,15}(?:=(.+))?$/.exec(text);
  if (match === null) return undefined;
  const parts = (match[1] ?? '*').split('/').map(segmentPattern);
  return parts.includes(undefined) ? undefined : `(?:${parts.join('/')})`;
};

/** An operator or variable, then the literal that must follow it (`/files/*.json`). */
const tailPattern = (head: string | undefined, tail: string): string | undefined => {
  if (head === undefined) return undefined;
  if (tail === '') return head;
  return literal.test(tail) ? head + escapeLiteral(tail) : undefined;
};

const partPattern = (part: string): string | undefined => {
  const variable = /^\{([^}]*)\}(.*)$/.exec(part);
  if (variable !== null) return tailPattern(variablePattern(variable[1] ?? ''), variable[2] ?? '');
  const operator = /^(\*\*?)(.*)$/.exec(part);
  if (operator === null) return segmentPattern(part);
  return tailPattern(operators[operator[1] ?? ''], operator[2] ?? '');
};

/** Splits at slashes outside of braces. */
const partsOf = (template: string): readonly string[] =>
  template.match(/(?:\{[^}]*\}|[^/{])+/g) ?? [];

const hasLooseBrace = (template: string): boolean =>
  /[{}]/.test(template.replace(/\{[^{}]*\}/g, ''));

const patternOf = (template: string): string | undefined => {
  if (!/^\/[\x21-\x7e]*$/.test(template)) return undefined;
  if (template === '/') return '/';
  const isTrailing = template.endsWith('/');
  const body = isTrailing ? template.slice(0, -1) : template;
  if (body.includes('//') || hasLooseBrace(body)) return undefined;
  const parts = partsOf(body).map(partPattern);
  if (parts.includes(undefined)) return undefined;
  return `/${parts.join('/')}${isTrailing ? '/' : ''}`;
};

/** Whether a glob stands behind `**`: Envoy refuses that. */
const hasGlobAfterRest = (template: string): boolean => /\*\*.*[*{]/.test(template);

/**
 * Compiles a path template (`envoy.path.match.uri_template`): `*` is one segment, `**` the rest,
 * `{name}` and `{name=pattern}` variables. A wrong one is an error at `path`.
 */
export const compileUriTemplate = (
  template: string,
  findings: Findings,
  path: string,
): StringMatch => {
  const pattern = hasGlobAfterRest(template) ? undefined : patternOf(template);
  if (pattern === undefined) {
    findings.error(path, 'TemplateInvalid', `'${template}' is not a path template`);
    return { text: `template ${template}`, matches: () => false };
  }
  const { matches } = compileRegexMatch(pattern, findings, path);
  return { text: `template ${template}`, matches };
};
