import type { Checked } from '@lateen/base';
import { Findings } from './findings.ts';
import type { Format, FormatContext, Operator } from './format-context.ts';
import { joinPieces, markOperator, type Piece } from './format-line.ts';
import { findOperator } from './format-operators.ts';
import { toHeaderText } from './header-text.ts';

/** How a format prints what is not there. */
export interface FormatOptions {
  /** Default `-`, as in access logs; header values use the empty string. */
  readonly empty?: string;
  /** Field path for diagnostics. Default `format`. */
  readonly path?: string;
}

/** `%NAME%`, `%NAME(argument)%`, `%NAME(argument):maxLength%`. */
const operatorPattern = /^%([A-Z][A-Z0-9_]*)(?:\((.*?)\))?(?::([0-9]{1,9}))?%/s;

const truncated = (operator: Operator, maxLength: number): Operator => {
  return (context) => {
    const value = operator(context);
    return value === undefined ? undefined : String(value).slice(0, maxLength);
  };
};

const readOperator = (
  rest: string,
  findings: Findings,
  path: string,
): { operator: Operator | undefined; length: number } => {
  const found = operatorPattern.exec(rest);
  if (found === null) {
    const message = `'${rest.slice(0, 40)}' is not an operator; write %% for a percent sign`;
    findings.error(path, 'FormatInvalid', message);
    return { operator: undefined, length: rest.length };
  }
  const [all, name = '', argument, maxLength] = found;
  const operator = findOperator(name, argument, { findings, path });
  if (operator === undefined) {
    findings.error(path, 'FormatInvalid', `the operator '${all}' is not known`);
    return { operator: undefined, length: all.length };
  }
  const bounded = maxLength === undefined ? operator : truncated(operator, Number(maxLength));
  return { operator: markOperator(name, bounded), length: all.length };
};

/** Text up to the next operator, `%%` undone, and where it ends. */
const readLiteral = (text: string, from: number): { literal: string; end: number } => {
  let literal = '';
  let at = from;
  while (at < text.length) {
    const percent = text.indexOf('%', at);
    const end = percent < 0 ? text.length : percent;
    literal += text.slice(at, end);
    at = end;
    if (text[at + 1] !== '%') break;
    literal += '%';
    at += 2;
  }
  return { literal, end: Math.min(at, text.length) };
};

const parsePieces = (text: string, findings: Findings, path: string): Piece[] => {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < text.length) {
    const { literal, end } = readLiteral(text, at);
    if (literal !== '') pieces.push(literal);
    at = end;
    if (at >= text.length) break;
    const { operator, length } = readOperator(text.slice(at), findings, path);
    if (operator !== undefined) pieces.push(operator);
    at += length;
  }
  return pieces;
};

/** Text without operators: the literal it stands for. */
export const literalFormat = (text: string): string | undefined =>
  /%/.test(text.replaceAll('%%', '')) ? undefined : text.replaceAll('%%', '%');

/** Compiles into a finding list that others share; always gives a usable format. */
export const compileFormatWith = (
  text: string,
  findings: Findings,
  options: FormatOptions = {},
): Format => {
  const pieces = parsePieces(text, findings, options.path ?? 'format');
  return joinPieces(pieces, options.empty ?? '-');
};

/** Compiles an access-log or header format string; an unknown operator is an error. */
export const compileFormat = (text: string, options: FormatOptions = {}): Checked<Format> => {
  const findings = new Findings();
  return findings.checked(compileFormatWith(text, findings, options));
};

type JsonPiece = (context: FormatContext) => string | undefined;

/** What has structure, in the form that lines have: one character a byte. */
const jsonText = (value: unknown): string | undefined =>
  value === undefined || value === null || value === ''
    ? undefined
    : toHeaderText(JSON.stringify(value));

/** A single operator keeps its type; nothing prints as null. */
const compileJsonText = (text: string, findings: Findings, path: string): JsonPiece => {
  const pieces = parsePieces(text, findings, path);
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === 'function') {
    const { json } = only;
    if (json !== undefined) return (context) => jsonText(json(context));
    return (context) => {
      const value = only(context);
      return value === undefined || value === '' ? undefined : JSON.stringify(value);
    };
  }
  const join = joinPieces(pieces, '-');
  return (context) => JSON.stringify(join(context));
};

/** Deeper than any log needs; a bound for the recursion. */
const maxJsonDepth = 32;

interface JsonCompiler {
  readonly findings: Findings;
  readonly omitEmpty: boolean;
}

const compileJsonValue = (
  value: unknown,
  path: string,
  depth: number,
  compiler: JsonCompiler,
): JsonPiece => {
  if (typeof value === 'string') {
    return compileJsonText(toHeaderText(value), compiler.findings, path);
  }
  if (typeof value !== 'object' || value === null || depth > maxJsonDepth) {
    const literal = JSON.stringify(value ?? null);
    return () => literal;
  }
  const isList = Array.isArray(value);
  const keys = isList ? [...value.keys()].map(String) : Object.keys(value).sort();
  const members = keys.map((key) => ({
    label: isList ? '' : `${toHeaderText(JSON.stringify(key))}:`,
    piece: compileJsonValue(
      (value as Readonly<Record<string, unknown>>)[key],
      `${path}.${key}`,
      depth + 1,
      compiler,
    ),
  }));
  return (context) => {
    const parts: string[] = [];
    for (const { label, piece } of members) {
      const text = piece(context);
      if (text !== undefined || !compiler.omitEmpty) parts.push(`${label}${text ?? 'null'}`);
    }
    return isList ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
  };
};

/** Compiles `json_format`: one line with sorted keys and a newline. */
export const compileJsonFormatWith = (
  template: Readonly<Record<string, unknown>>,
  findings: Findings,
  options: { readonly path: string; readonly omitEmpty: boolean },
): Format => {
  const piece = compileJsonValue(template, options.path, 0, {
    findings,
    omitEmpty: options.omitEmpty,
  });
  return (context) => `${piece(context) ?? '{}'}\n`;
};

/** Compiles a JSON access-log template whose string values are formats. */
export const compileJsonFormat = (
  template: Readonly<Record<string, unknown>>,
  options: { readonly omitEmpty?: boolean } = {},
): Checked<Format> => {
  const findings = new Findings();
  const settings = { path: 'json_format', omitEmpty: options.omitEmpty ?? false };
  return findings.checked(compileJsonFormatWith(template, findings, settings));
};
