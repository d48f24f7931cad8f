/** What goes wrong in the world around telemetry (ports, the Kubernetes API, proxies), and PromQL that is none. */
export type TelemetryErrorCode =
  | 'no-free-port'
  | 'no-answer'
  | 'bad-answer'
  | 'not-found'
  | 'too-large'
  | 'bad-option'
  | 'bad-query';

/** The one error class of this package. The message names the likely cause and the next step. */
export class TelemetryError extends Error {
  readonly code: TelemetryErrorCode;

  constructor(code: TelemetryErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TelemetryError';
    this.code = code;
  }
}

/** Text of anything thrown. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
