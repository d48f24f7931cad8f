import { applyHeaderMutation, type HttpConnectionManagerSettings } from '@lateen/routing';
import type { MessageHead } from '../http1/head-parser.ts';
import type { RequestSpan } from '../tracing/request-span.ts';
import type { Exchange } from './exchange.ts';
import {
  applyAttemptCount,
  applyReplyHeaders,
  applyServerHeaders,
  applyServiceTime,
  removeResponseHopByHop,
} from './response-hygiene.ts';
import type { RoutePlan } from './route-plan.ts';

/** An exchange whose response's head is made ready. */
export interface AnsweredExchange extends Exchange {
  readonly plan: RoutePlan;
  readonly span: RequestSpan | undefined;
  /** Lines that filters asked for. */
  readonly extraHeaders: readonly (readonly [string, string])[];
  readonly requestId: string | undefined;
  readonly manager: { readonly settings: HttpConnectionManagerSettings };
}

const applyFilters = (exchange: AnsweredExchange, head: MessageHead): void => {
  for (const filter of exchange.plan.filters) filter.onResponse?.(exchange, head);
  exchange.span?.onResponse(head);
};

const applyMutations = (exchange: AnsweredExchange, head: MessageHead): void => {
  const { responseMutations } = exchange.plan;
  if (responseMutations.length === 0) return;
  const context = exchange.formatContext();
  for (const mutation of responseMutations) applyHeaderMutation(head, mutation, context);
};

/** Everything the connection manager does to the head of an upstream's final response. */
export const prepareResponse = (exchange: AnsweredExchange, response: MessageHead): void => {
  const { settings } = exchange.manager;
  removeResponseHopByHop(response);
  applyServiceTime(response, exchange);
  applyAttemptCount(response, exchange);
  applyFilters(exchange, response);
  applyServerHeaders(response, settings);
  for (const [name, value] of exchange.extraHeaders) response.append(name, value);
  if (settings.alwaysSetRequestIdInResponse && exchange.requestId !== undefined) {
    response.set('x-request-id', exchange.requestId);
  }
  applyMutations(exchange, response);
};

/** The same to the head of an answer of our own. `closes`: the connection ends with it. */
export const prepareReply = (
  exchange: AnsweredExchange,
  head: MessageHead,
  closes: boolean,
): void => {
  applyFilters(exchange, head);
  if (exchange.details === 'direct_response') applyMutations(exchange, head);
  applyReplyHeaders(head, exchange.manager.settings, closes);
};
