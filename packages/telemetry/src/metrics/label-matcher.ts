import { compileTest } from '../regular-expression.ts';
import type { LabelMatcher } from './metrics-query.ts';

/** A PromQL label matcher: `=`, `!=`, `=~`, `!~`. Undefined when its regular expression is not usable. */
export const labelMatcher = (
  label: string,
  operator: string,
  value: string,
): LabelMatcher | undefined => {
  if (operator === '=') return { label, matches: (found) => found === value };
  if (operator === '!=') return { label, matches: (found) => found !== value };
  const test = compileTest(value, { isWhole: true });
  if (test === undefined) return undefined;
  const isWanted = operator === '=~';
  return { label, matches: (found) => test(found) === isWanted };
};
