import type { Checked } from '@lateen/base';
import { Findings } from '../findings.ts';
import type { FormatContext } from '../format-context.ts';
import { compileCelNode } from './cel-compilation.ts';
import { parseCel } from './cel-parser.ts';
import type { CelNode } from './cel-syntax.ts';
import { CelSyntaxError } from './cel-token.ts';
import { CelError, type CelValue, celPlain, celText } from './cel-value.ts';

/**
 * A compiled expression of the Common Expression Language over Envoy's attributes
 * (`request.*`, `response.*`, `connection.*`, `upstream.*`, `source.*`, `destination.*`, `metadata`,
 * `filter_state`, `xds.*`, `node`).
 */
export interface CelExpression {
  readonly source: string;
  /** A `CelError` when it cannot be evaluated, for instance because an attribute is absent. */
  evaluate(context: FormatContext): CelValue;
  /** True only for the value true. */
  holds(context: FormatContext): boolean;
  /** The value as plain data; undefined for null and errors. Integers are numbers, times and durations texts. */
  plain(context: FormatContext): unknown;
  /** The value as logs and labels print it; undefined for null and errors. */
  text(context: FormatContext): string | undefined;
}

const noLocals: readonly CelValue[] = [];

const parse = (source: string, findings: Findings, path: string): CelNode | undefined => {
  try {
    return parseCel(source);
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    findings.error(path, 'CelInvalid', `'${source.slice(0, 80)}': ${error.message}`);
    return undefined;
  }
};

/** Compiles into a finding list that others share; an invalid expression always gives an error. */
export const compileCelWith = (source: string, findings: Findings, path: string): CelExpression => {
  const node = parse(source, findings, path);
  const invalid = new CelError('the expression is invalid');
  const run =
    node === undefined ? () => invalid : compileCelNode(node, { findings, path, variables: [] });
  return {
    source,
    evaluate: (context) => run(context, noLocals),
    holds: (context) => run(context, noLocals) === true,
    plain: (context) => celPlain(run(context, noLocals)),
    text: (context) => celText(run(context, noLocals)),
  };
};

/** Compiles an expression; no value when it has a syntax error, or names what is not there. */
export const compileCel = (source: string, path = 'expression'): Checked<CelExpression> => {
  const findings = new Findings();
  return findings.checked(compileCelWith(source, findings, path));
};

/** Why an expression would be refused; undefined for one that compiles. For validation before it gets here. */
export const celProblem = (source: string): string | undefined =>
  compileCel(source).diagnostics.find(({ severity }) => severity === 'error')?.message;
