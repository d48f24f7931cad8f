import type { Findings } from '../findings.ts';
import type { FormatContext } from '../format-context.ts';
import type { CelValue } from './cel-value.ts';

/** An expression, ready; `locals` are the variables of macros around it, the innermost last. */
export type CelEvaluator = (context: FormatContext, locals: readonly CelValue[]) => CelValue;

/** What is known where a part of an expression stands. */
export interface CelScope {
  readonly findings: Findings;
  readonly path: string;
  /** Names of the variables of macros around, the innermost last. */
  readonly variables: readonly string[];
}
