import type { Diagnostic } from '@lateen/base';

/** Findings of one check; empty when all is well. */
export type Findings = readonly Diagnostic[];

/** Whether RE2 takes a pattern: undefined, or what is wrong with it. */
export type RegexProblem = (pattern: string) => string | undefined;

/** Whether an expression of the Common Expression Language can be evaluated: undefined, or what is wrong with it. */
export type CelProblem = (expression: string) => string | undefined;

/** What a validator may ask of its caller. */
export interface ValidationContext {
  readonly regexProblem: RegexProblem;
  readonly celProblem: CelProblem;
}

/** The value cannot work: the object is refused. */
export const invalid = (path: string, message: string): Diagnostic => ({
  severity: 'error',
  code: 'FieldValueInvalid',
  message,
  path,
});

/** Something that must be there is not. */
export const missing = (path: string, message: string): Diagnostic => ({
  severity: 'error',
  code: 'FieldValueRequired',
  message,
  path,
});

/** Two fields exclude each other. */
export const conflict = (path: string, message: string): Diagnostic => ({
  severity: 'error',
  code: 'FieldConflict',
  message,
  path,
});

/** The same name twice. */
export const duplicate = (path: string, message: string): Diagnostic => ({
  severity: 'error',
  code: 'FieldValueDuplicate',
  message,
  path,
});

/** Works, but by an old name. */
export const deprecated = (path: string, message: string): Diagnostic => ({
  severity: 'warning',
  code: 'FieldDeprecated',
  message,
  path,
});

/** Accepted, and probably not what was meant. */
export const doubtful = (path: string, message: string): Diagnostic => ({
  severity: 'warning',
  code: 'FieldIneffective',
  message,
  path,
});

/** `check` for each item of an optional list, with the item's path. */
export const forEachItem = <T>(
  items: readonly T[] | undefined,
  path: string,
  check: (item: T, path: string, index: number) => Findings,
): Findings => (items ?? []).flatMap((item, index) => check(item, `${path}[${index}]`, index));

/** `check` when the value is there. */
export const ifPresent = <T>(
  value: T | null | undefined,
  check: (value: T) => Findings,
): Findings => (value === undefined || value === null ? [] : check(value));
