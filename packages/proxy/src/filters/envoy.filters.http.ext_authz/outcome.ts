/** One change of a header. */
export interface HeaderChange {
  /** Lower-case. */
  readonly name: string;
  readonly value: string;
  /** Beside what is there, instead of in its place. */
  readonly append: boolean;
}

/** What the authorization service said, or that it did not. */
export type AuthorizationOutcome =
  | {
      readonly kind: 'allowed';
      readonly requestHeaders: readonly HeaderChange[];
      readonly removedHeaders: readonly string[];
      readonly responseHeaders: readonly HeaderChange[];
      readonly setParameters: readonly (readonly [string, string])[];
      readonly removedParameters: readonly string[];
      readonly metadata: Readonly<Record<string, unknown>> | undefined;
    }
  | {
      readonly kind: 'denied';
      readonly status: number;
      readonly headers: readonly HeaderChange[];
      readonly body: string;
      readonly metadata: Readonly<Record<string, unknown>> | undefined;
    }
  | { readonly kind: 'error'; readonly reason: string };

/** Allowed, nothing else. */
export const plainlyAllowed: Extract<AuthorizationOutcome, { kind: 'allowed' }> = {
  kind: 'allowed',
  requestHeaders: [],
  removedHeaders: [],
  responseHeaders: [],
  setParameters: [],
  removedParameters: [],
  metadata: undefined,
};
