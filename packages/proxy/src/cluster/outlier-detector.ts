import type { OutlierDetection } from '@lateen/routing';
import type { Endpoint } from './endpoint.ts';

/** What one request, or one connection, says about its endpoint. */
export type Outcome =
  | { readonly kind: 'status'; readonly status: number }
  /** A TCP connection was made. */
  | { readonly kind: 'connected' }
  /** Never connected, or reset before it answered. */
  | { readonly kind: 'local-failure' }
  /** No answer in time. */
  | { readonly kind: 'timeout' };

/** What a detector tells. */
export interface OutlierListener {
  onChange(endpoint: Endpoint, ejected: boolean): void;
  /** An ejection did not happen because too many are out already. */
  onOverflow(): void;
}

/** Without the split of origins, what happened on our side counts as one of these statuses. */
const statusOf = (outcome: Outcome): number => {
  switch (outcome.kind) {
    case 'status':
      return outcome.status;
    case 'connected':
      return 200;
    case 'timeout':
      return 504;
    default:
      return 503;
  }
};

type Streak = 'consecutive5xx' | 'consecutiveGateway' | 'consecutiveLocal';

/**
 * Decides which endpoints of a cluster are left out for a while (Envoy's outlier detection by
 * failures in a row). Success rates are not looked at: Istio turns that off.
 */
export class OutlierDetector {
  readonly #settings: OutlierDetection;
  readonly #listener: OutlierListener;
  readonly #dice: (limit: number) => number;
  #sweptMs = 0;

  constructor(
    settings: OutlierDetection,
    dice: (limit: number) => number,
    listener: OutlierListener,
  ) {
    this.#settings = settings;
    this.#dice = dice;
    this.#listener = listener;
  }

  /** Notes an outcome; may eject. `all` are the endpoints the percentage counts over. */
  report(endpoint: Endpoint, outcome: Outcome, all: readonly Endpoint[], nowMs: number): void {
    const { outlier } = endpoint;
    const { splitExternalLocalOriginErrors: isSplit } = this.#settings;
    if (isSplit) {
      if (outcome.kind === 'local-failure' || outcome.kind === 'timeout') {
        this.#lengthen('consecutiveLocal', endpoint, all, nowMs);
        return;
      }
      outlier.consecutiveLocal = 0;
      if (outcome.kind === 'connected') return;
    }
    const status = statusOf(outcome);
    if (status < 500) {
      outlier.consecutive5xx = 0;
      outlier.consecutiveGateway = 0;
      return;
    }
    if (status >= 502 && status <= 504) {
      this.#lengthen('consecutiveGateway', endpoint, all, nowMs);
    } else outlier.consecutiveGateway = 0;
    this.#lengthen('consecutive5xx', endpoint, all, nowMs);
  }

  /**
   * Once in `interval`: lets endpoints back whose time is over; each interval spent in service takes
   * one step off the time of the next ejection.
   */
  sweep(all: readonly Endpoint[], nowMs: number): void {
    if (nowMs - this.#sweptMs < this.#settings.intervalMs) return;
    this.#sweptMs = nowMs;
    for (const endpoint of all) {
      const { outlier } = endpoint;
      if (!endpoint.isEjected) {
        if (outlier.ejections > 0) outlier.ejections--;
        continue;
      }
      if (outlier.ejectedUntilMs > nowMs) continue;
      outlier.ejectedUntilMs = 0;
      outlier.consecutive5xx = 0;
      outlier.consecutiveGateway = 0;
      outlier.consecutiveLocal = 0;
      this.#listener.onChange(endpoint, false);
    }
  }

  #rule(streak: Streak): { readonly limit: number; readonly enforcing: number } {
    const settings = this.#settings;
    switch (streak) {
      case 'consecutive5xx':
        return { limit: settings.consecutive5xx, enforcing: settings.enforcingConsecutive5xx };
      case 'consecutiveGateway':
        return {
          limit: settings.consecutiveGatewayFailure,
          enforcing: settings.enforcingConsecutiveGatewayFailure,
        };
      default:
        return {
          limit: settings.consecutiveLocalOriginFailure,
          enforcing: settings.enforcingConsecutiveLocalOriginFailure,
        };
    }
  }

  /** One more failure in a row; at the limit the count begins anew, ejected or not. */
  #lengthen(streak: Streak, endpoint: Endpoint, all: readonly Endpoint[], nowMs: number): void {
    const { limit, enforcing } = this.#rule(streak);
    const { outlier } = endpoint;
    outlier[streak]++;
    if (limit === 0 || outlier[streak] < limit) return;
    outlier[streak] = 0;
    if (endpoint.isEjected) return;
    const ejected = all.reduce((sum, other) => sum + Number(other.isEjected), 0);
    // As Envoy: what is out already counts, so one goes however small the percentage above 0.
    if ((100 * ejected) / all.length >= this.#settings.maxEjectionPercent) {
      this.#listener.onOverflow();
      return;
    }
    if (enforcing < 100 && this.#dice(100) >= enforcing) return;
    this.#eject(endpoint, nowMs);
  }

  #eject(endpoint: Endpoint, nowMs: number): void {
    const { outlier } = endpoint;
    const { baseEjectionTimeMs, maxEjectionTimeMs } = this.#settings;
    // The multiplier stops to grow one step beyond the cap: it would take as long to shrink.
    if ((outlier.ejections - 1) * baseEjectionTimeMs < maxEjectionTimeMs) outlier.ejections++;
    const forMs = Math.min(baseEjectionTimeMs * outlier.ejections, maxEjectionTimeMs);
    outlier.ejectedUntilMs = nowMs + forMs;
    this.#listener.onChange(endpoint, true);
  }
}
