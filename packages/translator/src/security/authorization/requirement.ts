import type { Algebra } from './algebra.ts';

/** What tests depend on besides their values. */
export interface RuleContext {
  /** For a chain without HTTP: what only HTTP has cannot be tested. */
  readonly tcp: boolean;
  /** The mesh's trust domain and its aliases. */
  readonly trustDomains: readonly string[];
  readonly policyNamespace: string;
  /** Leaves out what cannot be tested, instead of the whole rule: for rules that forbid. */
  readonly lenient: boolean;
}

/** One test for each value, or one for all; undefined where there can be none. */
export type TestBuilder<Test> = (
  values: readonly string[],
  context: RuleContext,
) => readonly (Test | undefined)[];

/** Some of the values and none of the others. Empty lists ask for nothing. */
export interface Requirement<Test> {
  readonly build: TestBuilder<Test>;
  readonly values: readonly string[];
  readonly notValues: readonly string[];
}

/** Undefined: something cannot be tested, and must not be left out. */
const testsOf = <Test>(
  { build }: Requirement<Test>,
  values: readonly string[],
  context: RuleContext,
): readonly Test[] | undefined => {
  if (values.length === 0) return [];
  const tests = build(values, context);
  const usable = tests.filter((test) => test !== undefined);
  return usable.length === tests.length || context.lenient ? usable : undefined;
};

/**
 * All requirements together. What cannot be tested drops an ALLOW rule (less is allowed) and is left
 * out of the others (more is denied): both err on the safe side, as Istio does.
 */
export const allOf = <Test>(
  algebra: Algebra<Test>,
  requirements: readonly Requirement<Test>[],
  context: RuleContext,
): Test | undefined => {
  const tests: Test[] = [];
  for (const requirement of requirements) {
    const wanted = testsOf(requirement, requirement.values, context);
    const unwanted = testsOf(requirement, requirement.notValues, context);
    if (wanted === undefined || unwanted === undefined) return undefined;
    if (wanted.length > 0) tests.push(algebra.or(wanted));
    if (unwanted.length > 0) tests.push(algebra.not(algebra.or(unwanted)));
  }
  return algebra.and(tests.length > 0 ? tests : [algebra.any()]);
};
