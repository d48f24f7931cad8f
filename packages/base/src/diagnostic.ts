/** How much a finding weighs: an error rejects the object, a warning and an info travel with it. */
export type Severity = 'error' | 'warning' | 'info';

/** A place in the text an object came from. Lines and columns start at 1. */
export interface SourcePosition {
  readonly file?: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One finding about user input. The same value becomes an admission error, a status condition,
 * a row of `lateen analyze`, and the text of an xDS NACK.
 */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable and searchable: an Istio message code (`IST0101`) or a word of our own (`FieldUnknown`). */
  readonly code: string;
  /** Names the likely cause and the next step; never a stack. */
  readonly message: string;
  /** Field path as kubectl prints it: `spec.http[0].route[1].weight`. */
  readonly path?: string;
  /** `Kind/namespace/name` of the object the finding is about. */
  readonly object?: string;
  readonly position?: SourcePosition;
}

/** The outcome of reading user input: `value` is undefined exactly when a diagnostic is an error. */
export interface Checked<T> {
  readonly value: T | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether a finding among them is an error: then there is no value. */
export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity === 'error');

/** One line for people: `spec.hosts: must not be empty (FieldRequired)`. */
export const formatDiagnostic = ({ path, message, code, position }: Diagnostic): string => {
  const where = position
    ? `${position.file ?? '<input>'}:${position.line}:${position.column}: `
    : '';
  return `${where}${path === undefined ? '' : `${path}: `}${message} (${code})`;
};
