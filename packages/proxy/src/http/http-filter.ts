import type { FilterConfig } from '@lateen/routing';
import type { MessageHead } from '../http1/head-parser.ts';
import type { Exchange } from './exchange.ts';

/** `continue`: go on. `stop`: the filter answers, or calls `exchange.resumeFilters()` later. */
export type FilterVerdict = 'continue' | 'stop';

/** A filter on requests of one route, with its settings bound. */
export interface RequestFilter {
  onRequest?(exchange: Exchange): FilterVerdict;
  /** The head of the response, before it is sent; also for local replies. */
  onResponse?(exchange: Exchange, response: MessageHead): void;
}

/** A filter of a connection manager's chain. */
export interface HttpFilter {
  /** Envoy's canonical name, by which routes override settings. */
  readonly name: string;
  /** The filter for a route; `config` is the route's own. Undefined: nothing to do there. */
  forRoute(config: FilterConfig | undefined): RequestFilter | undefined;
  /** The exchange is over; every exchange, with or without a route. */
  onComplete?(exchange: Exchange): void;
}
