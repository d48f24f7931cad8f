import type { OutlierDetection } from '@lateen/routing';
import type { Endpoint } from './endpoint.ts';

/** What one request says about its endpoint. */
export type Outcome =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'local-failure' };

/** Decides which endpoints of a cluster are left out for a while (Envoy's outlier detection). */
export class OutlierDetector {
  readonly #settings: OutlierDetection;
  readonly #changed: (endpoint: Endpoint, ejected: boolean) => void;
  readonly #dice: (limit: number) => number;

  constructor(
    settings: OutlierDetection,
    dice: (limit: number) => number,
    changed: (endpoint: Endpoint, ejected: boolean) => void,
  ) {
    this.#settings = settings;
    this.#dice = dice;
    this.#changed = changed;
  }

  /** Notes an outcome; may eject. `all` are the endpoints the percentage counts over. */
  report(endpoint: Endpoint, outcome: Outcome, all: readonly Endpoint[], nowMs: number): void {
    const { outlier } = endpoint;
    const settings = this.#settings;
    if (outcome.kind === 'local-failure' && settings.splitExternalLocalOriginErrors) {
      outlier.consecutiveLocal++;
      this.#consider(endpoint, all, nowMs, {
        seen: outlier.consecutiveLocal,
        limit: settings.consecutiveLocalOriginFailure,
        enforcing: settings.enforcingConsecutiveLocalOriginFailure,
      });
      return;
    }
    // Without the split a connection that failed counts as a 503.
    const status = outcome.kind === 'status' ? outcome.status : 503;
    outlier.consecutiveLocal = 0;
    const isGateway = status === 502 || status === 503 || status === 504;
    outlier.consecutiveGateway = isGateway ? outlier.consecutiveGateway + 1 : 0;
    outlier.consecutive5xx = status >= 500 ? outlier.consecutive5xx + 1 : 0;
    if (status < 500) return;
    this.#consider(endpoint, all, nowMs, {
      seen: outlier.consecutiveGateway,
      limit: settings.consecutiveGatewayFailure,
      enforcing: settings.enforcingConsecutiveGatewayFailure,
    });
    this.#consider(endpoint, all, nowMs, {
      seen: outlier.consecutive5xx,
      limit: settings.consecutive5xx,
      enforcing: settings.enforcingConsecutive5xx,
    });
  }

  /** Lets endpoints back whose time is over; ones that behaved are forgiven step by step. */
  sweep(all: readonly Endpoint[], nowMs: number): void {
    for (const endpoint of all) {
      const { outlier } = endpoint;
      if (outlier.ejectedUntilMs === 0) {
        if (outlier.ejections > 0 && outlier.consecutive5xx === 0) outlier.ejections--;
        continue;
      }
      if (outlier.ejectedUntilMs > nowMs) continue;
      outlier.ejectedUntilMs = 0;
      outlier.consecutive5xx = 0;
      outlier.consecutiveGateway = 0;
      outlier.consecutiveLocal = 0;
      this.#changed(endpoint, false);
    }
  }

  #consider(
    endpoint: Endpoint,
    all: readonly Endpoint[],
    nowMs: number,
    rule: { readonly seen: number; readonly limit: number; readonly enforcing: number },
  ): void {
    if (rule.limit === 0 || rule.seen < rule.limit || rule.enforcing === 0) return;
    if (endpoint.isEjected || this.#dice(100) >= rule.enforcing) return;
    const ejected = all.reduce((sum, other) => sum + Number(other.isEjected), 0);
    // Envoy ejects at least one host however small the percentage.
    const allowed = Math.max(1, Math.floor((all.length * this.#settings.maxEjectionPercent) / 100));
    if (ejected >= allowed) return;
    const { outlier } = endpoint;
    outlier.ejections++;
    const { baseEjectionTimeMs, maxEjectionTimeMs } = this.#settings;
    const longest = Math.max(baseEjectionTimeMs, maxEjectionTimeMs);
    outlier.ejectedUntilMs = nowMs + Math.min(baseEjectionTimeMs * outlier.ejections, longest);
    this.#changed(endpoint, true);
  }
}
