import type { Diagnostic } from '@lateen/base';
import type { Problem } from '../contract/problem.ts';

/** What a handler gives back: a status and a JSON value. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const statuses: Readonly<Record<Problem['code'], number>> = {
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'too-large': 413,
  'unsupported-media-type': 415,
  invalid: 422,
  internal: 500,
  unavailable: 503,
};

/** 200 with a value. */
export const ok = (body: unknown): Answer => ({ status: 200, body });

/** An answer that says what is wrong. */
export const problem = (
  code: Problem['code'],
  message: string,
  diagnostics: readonly Diagnostic[] = [],
): Answer => ({ status: statuses[code], body: { code, message, diagnostics } satisfies Problem });
