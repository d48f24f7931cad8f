import type { Diagnostic } from '@lateen/base';

/** Reasons of meta/v1 Status that this server answers with. */
export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'Invalid'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'Timeout';

const httpCodes: Readonly<Record<StatusReason, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
};

/** meta/v1 StatusCause: one field that is wrong. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** meta/v1 StatusDetails. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** meta/v1 Status. */
export interface StatusObject {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: StatusReason;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** Any answer that is not success; the HTTP layer turns it into a Status. */
export class ApiError extends Error {
  readonly code: StatusReason;
  readonly details: StatusDetails;

  constructor(code: StatusReason, message: string, details: StatusDetails = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.details = details;
  }

  get httpCode(): number {
    return httpCodes[this.code];
  }

  toStatus(): StatusObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.code,
      details: this.details,
      code: this.httpCode,
    };
  }
}

/** Which object an error is about. */
export interface ErrorSubject {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly name: string;
}

const qualified = (word: string, group: string): string =>
  group === '' ? word : `${word}.${group}`;

const detailsOf = ({ group, plural, name }: ErrorSubject): StatusDetails => ({
  name,
  ...(group !== '' && { group }),
  kind: plural,
});

/** 404, in Kubernetes' words. */
export const notFound = (subject: ErrorSubject): ApiError =>
  new ApiError(
    'NotFound',
    `${qualified(subject.plural, subject.group)} "${subject.name}" not found`,
    detailsOf(subject),
  );

/** 409 for a create, in Kubernetes' words. */
export const alreadyExists = (subject: ErrorSubject): ApiError =>
  new ApiError(
    'AlreadyExists',
    `${qualified(subject.plural, subject.group)} "${subject.name}" already exists`,
    detailsOf(subject),
  );

/** 409 for a change that rests on an old state, in Kubernetes' words. */
export const conflict = (subject: ErrorSubject, why: string): ApiError =>
  new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject.plural, subject.group)} "${subject.name}": ${why}`,
    detailsOf(subject),
  );

/** The conflict of a resourceVersion that is not the newest. */
export const modifiedMeanwhile = (subject: ErrorSubject): ApiError =>
  conflict(
    subject,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

const causeReasons: Readonly<Record<string, string>> = {
  FieldRequired: 'FieldValueRequired',
  FieldUnsupported: 'FieldValueNotSupported',
  FieldForbidden: 'FieldValueForbidden',
  FieldDuplicate: 'FieldValueDuplicate',
};

/** 422 with one cause a diagnostic, worded as Kubernetes words it. */
export const invalid = (subject: ErrorSubject, diagnostics: readonly Diagnostic[]): ApiError => {
  const lines = diagnostics.map(({ path, message }) =>
    path === undefined || path === '' ? message : `${path}: ${message}`,
  );
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const causes = diagnostics.map(({ code, message, path }) => ({
    reason: causeReasons[code] ?? 'FieldValueInvalid',
    message,
    field: path ?? '',
  }));
  return new ApiError(
    'Invalid',
    `${qualified(subject.kind, subject.group)} "${subject.name}" is invalid: ${list}`,
    { ...detailsOf(subject), kind: subject.kind, causes },
  );
};
