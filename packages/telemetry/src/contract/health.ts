/**
 * - `healthy`: traffic, and errors below the degraded bound; or all endpoints ready
 * - `degraded`: some errors, or some endpoints not ready
 * - `failing`: many errors, or no endpoint ready
 * - `idle`: no traffic in the window (and nothing wrong otherwise)
 * - `unknown`: not enough is known
 */
export type HealthState = 'healthy' | 'degraded' | 'failing' | 'idle' | 'unknown';

/** One reason of a state. `code` is stable (translate by it), `values` fill its text. */
export interface HealthReason {
  readonly code:
    | 'error-share'
    | 'no-ready-endpoints'
    | 'endpoints-not-ready'
    | 'replicas-missing'
    | 'proxy-missing'
    | 'proxy-not-synced'
    | 'proxy-rejected-config'
    | 'configuration-error'
    | 'configuration-warning';
  /** English, complete. */
  readonly message: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** How something is, and why. */
export interface Health {
  readonly state: HealthState;
  readonly reasons: readonly HealthReason[];
}
