import type { ForwardAction } from '@lateen/routing';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { RouterHost } from './router-host.ts';

/** Shared by all requests that were never repeated. */
const noEndpoints: readonly Endpoint[] = [];

/** What the tries of one request have used up: their number, a place among retries, endpoints. */
export class RetryState {
  /** Endpoints of failed tries, when the next shall avoid them. */
  tried: readonly Endpoint[] = noEndpoints;
  #retries = 0;
  #inRetry = false;
  readonly #exchange: RouterHost;
  readonly #action: ForwardAction;
  readonly #cluster: Cluster;

  constructor(exchange: RouterHost, action: ForwardAction, cluster: Cluster) {
    this.#exchange = exchange;
    this.#action = action;
    this.#cluster = cluster;
  }

  /** Whether one more try is allowed; takes a place among the retries of the cluster. */
  allow(): boolean {
    const exchange = this.#exchange;
    const { retry, priority } = this.#action;
    if (retry === undefined || exchange.responseStarted) return false;
    if (this.#retries >= retry.maxRetries) {
      if (retry.maxRetries > 0) exchange.addFlag('URX');
      return false;
    }
    const { retriableRequestHeaders } = retry;
    if (
      retriableRequestHeaders.length > 0 &&
      !retriableRequestHeaders.some((condition) => condition.holds(exchange))
    ) {
      return false;
    }
    if (this.#inRetry) return true;
    this.#inRetry = this.#cluster.beginRetry(priority);
    if (!this.#inRetry) exchange.addFlag('UO');
    return this.#inRetry;
  }

  /** Number of the next retry, from 0. */
  next(): number {
    return this.#retries++;
  }

  /** Gives the place back. */
  end(succeeded: boolean): void {
    if (!this.#inRetry) return;
    this.#inRetry = false;
    this.#cluster.endRetry();
    if (succeeded) this.#cluster.stats.requestRetrySuccess.value++;
  }

  /** A try at an endpoint is over. */
  note(endpoint: Endpoint): void {
    const { retry } = this.#action;
    if (retry === undefined || !(retry.avoidPreviousHosts || retry.leavePrioritiesEvery > 0))
      return;
    this.tried = [...this.tried, endpoint];
  }
}
