import type { Exchange, MessageCounts } from '../../http/exchange.ts';
import type { Counter } from '../../stats/metric.ts';
import { GrpcMessages } from './grpc-messages.ts';

/** Where messages of a call are counted. */
export interface MessageCounters {
  readonly request: Counter;
  readonly response: Counter;
}

/** What of a call has been counted. */
interface Reported {
  readonly counters: MessageCounters;
  request: number;
  response: number;
}

/** Calls of gRPC that are under way: long ones are counted while they run. */
export class GrpcStreams {
  readonly #intervalMs: number;
  readonly #countersOf: (exchange: Exchange) => MessageCounters;
  readonly #open = new Map<Exchange, Reported | undefined>();
  #timer: NodeJS.Timeout | undefined = undefined;

  /** `intervalMs` 0: counted when they end. */
  constructor(intervalMs: number, countersOf: (exchange: Exchange) => MessageCounters) {
    this.#intervalMs = intervalMs;
    this.#countersOf = countersOf;
  }

  begin(exchange: Exchange): void {
    exchange.messages = new GrpcMessages();
    this.#open.set(exchange, undefined);
    if (this.#timer !== undefined || this.#intervalMs === 0) return;
    this.#timer = setInterval(() => this.#reportOpen(), this.#intervalMs);
    this.#timer.unref();
  }

  end(exchange: Exchange, messages: MessageCounts): void {
    this.#report(exchange, messages);
    this.#open.delete(exchange);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Before a response nobody knows the other side. */
  #reportOpen(): void {
    for (const exchange of this.#open.keys()) {
      const { messages, responseCode } = exchange;
      if (messages !== undefined && responseCode > 0) this.#report(exchange, messages);
    }
  }

  #report(exchange: Exchange, { request, response }: MessageCounts): void {
    let reported = this.#open.get(exchange);
    if (reported === undefined) {
      reported = { counters: this.#countersOf(exchange), request: 0, response: 0 };
      this.#open.set(exchange, reported);
    }
    reported.counters.request.value += request.count - reported.request;
    reported.counters.response.value += response.count - reported.response;
    reported.request = request.count;
    reported.response = response.count;
  }
}
