import type { Findings } from './findings.ts';
import type { FormatContext, Operator, OperatorValue } from './format-context.ts';
import { toHeaderText } from './header-text.ts';

/** Where an operator stands. */
export interface OperatorPlace {
  readonly findings: Findings;
  readonly path: string;
}

/** Compiles an operator with its argument; undefined: the argument means nothing. */
export type OperatorCompiler = (argument: string, place: OperatorPlace) => Operator | undefined;

/** A value as a line prints it; what has structure is JSON. Lines have the form of header values. */
export const operatorText = (value: unknown): OperatorValue => {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value;
  return toHeaderText(typeof value === 'string' ? value : JSON.stringify(value));
};

/** An operator whose value keeps its type in JSON logs: booleans, lists, objects. */
export const typedOperator = (read: (context: FormatContext) => unknown): Operator =>
  Object.assign((context: FormatContext) => operatorText(read(context)), { json: read });
