/** Why the pages could not be made: `sources` cannot be read, `bundle` does not build, `write` failed. */
export type DashboardErrorCode = 'sources' | 'bundle' | 'write';

/** The one error class of this package's Node side. */
export class DashboardError extends Error {
  readonly code: DashboardErrorCode;

  constructor(code: DashboardErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DashboardError';
    this.code = code;
  }
}
