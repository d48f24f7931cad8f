import type { Destination, ForwardAction, HeaderMutation } from '@lateen/routing';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { Hash64 } from '../../cluster/xx-hash.ts';
import type { ResponseFlag } from '../../http/response-flag.ts';
import type {
  UpstreamConnection,
  UpstreamFailure,
  UpstreamUser,
} from '../../http/upstream-connection.ts';
import { chooseEndpoint } from './endpoint-choice.ts';
import { countFailure, describeFailure, describeReset } from './failure-reply.ts';
import type { MirrorCall } from './mirror-call.ts';
import { startMirrors } from './mirrors.ts';
import { hashRequest } from './request-hash.ts';
import { expectedTimeoutMs, requestTimeoutMs } from './request-timeout.ts';
import { RequestWriter } from './request-writer.ts';
import { retriesFailure, retriesResponse, retryDelayMs } from './retry-policy.ts';
import { RetryState } from './retry-state.ts';
import { RouterDeadlines } from './router-deadlines.ts';
import type { RouterHost } from './router-host.ts';
import { socketRequest } from './socket-request.ts';
import { applyRoute } from './upstream-head.ts';

/** Interim answers that are passed on where any are. */
const passedInterim: ReadonlySet<number> = new Set([100, 102, 103, 104]);
/** Tells clients that a retry would only make it worse. */
const overloaded = [['x-envoy-overloaded', 'true']] as const;

/** Forwards one exchange: chooses an endpoint, tries, repeats, times out. */
export class Router implements UpstreamUser {
  readonly #exchange: RouterHost;
  readonly #action: ForwardAction;
  readonly #destination: Destination;
  readonly #cluster: Cluster;
  #connection: UpstreamConnection | undefined = undefined;
  #endpoint: Endpoint | undefined = undefined;
  readonly #writer: RequestWriter;
  /** For all tries together; 0: no bound. */
  #timeoutMs = 0;
  #mirrors: readonly MirrorCall[] = [];
  readonly #retries: RetryState;
  /** A retry on a connection that died unused, which no policy has to allow. */
  #freeRetryUsed = false;
  readonly #deadlines: RouterDeadlines;
  #hash: Hash64 | undefined = undefined;
  #waiting = false;
  #over = false;
  #tunnel = false;

  constructor(
    exchange: RouterHost,
    action: ForwardAction,
    destination: Destination,
    cluster: Cluster,
  ) {
    this.#exchange = exchange;
    this.#deadlines = new RouterDeadlines(exchange);
    this.#retries = new RetryState(exchange, action, cluster);
    this.#action = action;
    this.#destination = destination;
    this.#cluster = cluster;
    this.#writer = new RequestWriter(exchange, action);
  }

  /** Sends the first try. */
  start(mutations: readonly HeaderMutation[]): void {
    const exchange = this.#exchange;
    const action = this.#action;
    const { request } = exchange;
    const path = applyRoute(exchange, {
      action,
      destination: this.#destination,
      mutations,
      formats: exchange,
    });
    if (action.hashPolicies.length > 0 || this.#cluster.needsHash) this.#hashRequest();
    this.#writer.setPath(path);
    this.#timeoutMs = requestTimeoutMs(exchange, action);
    if (this.#timeoutMs > 0) {
      const expectedMs = expectedTimeoutMs(action, this.#timeoutMs);
      request.set('x-envoy-expected-rq-timeout-ms', String(expectedMs));
      if (exchange.requestDone) this.#armTimeout();
    }
    if (this.#cluster.dropsRequest()) {
      this.#reply(503, 'drop overload', 'drop_overload', 'DO');
      return;
    }
    this.#mirrors = startMirrors(exchange, action.mirrors, this.#writer.startLine);
    this.#try();
  }

  /** Bytes of the request's body; false: wait. */
  body(bytes: Buffer, start: number, end: number): boolean {
    if (this.#over) return true;
    const piece = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    for (const mirror of this.#mirrors) mirror.body(piece);
    return this.#writer.body(this.#connection, piece);
  }

  /** The request is complete. */
  bodyEnd(): void {
    for (const mirror of this.#mirrors) mirror.bodyEnd();
    if (this.#over) return;
    if (this.#connection !== undefined) this.#connection.requestDone = true;
    this.#armTimeout();
  }

  /** The head goes out even when no body has come yet. */
  flush(): void {
    this.#writer.flush(this.#connection);
  }

  /** Bytes of an upgraded connection, from the client. */
  tunnel(bytes: Buffer): boolean {
    return this.#connection?.writeBytes(bytes) ?? true;
  }

  tunnelEnd(): void {
    this.#connection?.socket.end();
  }

  /** The client takes bytes again. */
  resumeResponse(): void {
    this.#connection?.resume();
  }

  /** The exchange is over for the client, however it went. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#waiting) this.#cluster.cancelWaiting(this);
    const connection = this.#connection;
    this.#leaveEndpoint();
    connection?.destroy();
    if (!this.#exchange.requestDone) for (const mirror of this.#mirrors) mirror.abandon();
  }

  onDeadline(nowMs: number): void {
    if (this.#over) return;
    const due = this.#deadlines.take(nowMs);
    if (due === 'request') this.#onTimeout();
    else if (due === 'try' || due === 'try-idle') this.#onTryTimeout(due);
    else if (due === 'stream') this.#onStreamDuration();
    else if (due === 'back-off') this.#try();
  }

  // --- one try -------------------------------------------------------------------------------

  #try(): void {
    const exchange = this.#exchange;
    const { manager } = exchange;
    const endpoint = chooseEndpoint(exchange, {
      cluster: this.#cluster,
      action: this.#action,
      hash: this.#hash,
      tried: this.#retries.tried,
      dice: manager.deps.dice,
    });
    exchange.tries++;
    if (endpoint === undefined) {
      this.#reply(503, 'no healthy upstream', 'no_healthy_upstream', 'UH');
      return;
    }
    exchange.endpoint = endpoint;
    if (!this.#cluster.beginRequest(endpoint, this.#action.priority)) {
      this.upstreamFailed('overflow', 'overflow');
      return;
    }
    this.#endpoint = endpoint;
    exchange.span?.beginTry(exchange, endpoint);
    const perTry = this.#action.retry?.perTryTimeoutMs ?? 0;
    this.#deadlines.try(perTry > 0 ? manager.deps.nowMs() + perTry : 0);
    const acquired = this.#cluster.acquire(endpoint, this, socketRequest(exchange));
    if (acquired === 'overflow') this.upstreamFailed('overflow', 'overflow');
    else if (acquired === 'waiting') this.#waiting = true;
    else this.upstreamReady(acquired);
  }

  upstreamReady(connection: UpstreamConnection): void {
    this.#waiting = false;
    const exchange = this.#exchange;
    if (this.#over) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    const { retry } = this.#action;
    const { maxStreamDurationMs } = this.#cluster.table.http;
    if (retry?.perTryIdleTimeoutMs || maxStreamDurationMs > 0) {
      const now = exchange.manager.deps.nowMs();
      this.#deadlines.stream(now, retry?.perTryIdleTimeoutMs ?? 0, maxStreamDurationMs);
    }
    connection.begin(this);
    connection.isHeadRequest = exchange.method === 'HEAD';
    if (exchange.method === 'CONNECT') {
      this.#startConnect(connection);
      return;
    }
    this.#writer.begin(connection, this.#endpoint?.entry.hostname);
    if (!exchange.requestDone) exchange.connection.unblock();
  }

  /** CONNECT: bytes pass as they are once the upstream is there. */
  #startConnect(connection: UpstreamConnection): void {
    connection.becomeTunnel();
    const begin = (): void => {
      if (this.#over || this.#tunnel) return;
      this.#tunnel = true;
      this.#exchange.span?.tryAnswered(200);
      this.#exchange.startConnectTunnel();
    };
    if (connection.connected) begin();
    else connection.socket.once('connect', begin);
  }

  upstreamHead(connection: UpstreamConnection): void {
    const { response } = connection;
    const exchange = this.#exchange;
    const { status } = response;
    if (status < 200 && status !== 101) {
      const { proxy100Continue } = exchange.manager.settings;
      if (proxy100Continue && passedInterim.has(status)) exchange.sendInterim(response);
      return;
    }
    if (status === 101 && exchange.upgrade === undefined) {
      // Nobody asked to leave HTTP: what follows must not be taken for anything.
      connection.destroy();
      this.upstreamFailed('protocol-error', 'protocol error');
      return;
    }
    exchange.span?.tryAnswered(status);
    const now = exchange.manager.deps.nowMs();
    this.#deadlines.try(0);
    this.#deadlines.touch(now);
    const cluster = this.#cluster;
    cluster.stats.requestStatus.count(status);
    if (this.#endpoint !== undefined) cluster.report(this.#endpoint, { kind: 'status', status });
    const { retry } = this.#action;
    if (retry !== undefined && retriesResponse(retry, response) && this.#mayRetry()) {
      this.#leaveEndpoint();
      connection.destroy();
      this.#retry();
      return;
    }
    exchange.responseStartMs = now;
    exchange.upstreamLocalLabel = connection.localLabel;
    this.#retries.end(status < 500);
    this.#writer.end();
    exchange.startResponse(connection);
    if (status === 101) this.#tunnel = true;
  }

  upstreamBody(connection: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean {
    const exchange = this.#exchange;
    if (this.#deadlines.watchesIdle) this.#deadlines.touch(exchange.manager.deps.nowMs());
    return exchange.responseBytes(connection, bytes, start, end);
  }

  upstreamFlush(): void {
    this.#exchange.flushResponse();
  }

  upstreamDrained(): void {
    this.#exchange.connection.unblock();
  }

  upstreamEnd(connection: UpstreamConnection): void {
    if (this.#over) return;
    this.#over = true;
    const exchange = this.#exchange;
    const cluster = this.#cluster;
    cluster.stats.requestsCompleted.value++;
    cluster.stats.requestTimeMs.observe(exchange.manager.deps.nowMs() - exchange.startMs);
    this.#connection = undefined;
    this.#leaveEndpoint();
    exchange.endResponse(connection.trailers);
  }

  // --- failure -------------------------------------------------------------------------------

  upstreamFailed(failure: UpstreamFailure, detail: string): void {
    if (this.#over) return;
    const connection = this.#connection;
    const exchange = this.#exchange;
    const endpoint = this.#endpoint;
    if (!this.#tunnel) exchange.span?.tryFailed(failure);
    this.#leaveEndpoint();
    if (this.#tunnel) {
      this.#over = true;
      exchange.endResponse();
      return;
    }
    countFailure(this.#cluster.stats, failure);
    if (exchange.responseStarted) {
      this.#over = true;
      const { flag, details } = describeReset(failure);
      exchange.resetResponse(flag, details);
      return;
    }
    if (failure === 'reset' && this.#mayRepeatFreely(connection)) {
      this.#freeRetryUsed = true;
      exchange.tries--;
      this.#try();
      return;
    }
    if (endpoint !== undefined && failure !== 'overflow') {
      this.#cluster.report(endpoint, { kind: 'local-failure' });
    }
    const { retry } = this.#action;
    const sent = connection?.connected === true;
    if (retry !== undefined && retriesFailure(retry, failure, sent) && this.#mayRetry()) {
      this.#retry();
      return;
    }
    exchange.transportFailure = failure.startsWith('connect') ? detail : undefined;
    const { status, body, details, flag } = describeFailure(failure, detail);
    this.#reply(status, body, details, flag);
  }

  /** An idle connection that closed as we wrote: nothing was processed, once more on another. */
  #mayRepeatFreely(connection: UpstreamConnection | undefined): boolean {
    if (connection === undefined || connection.requests < 2 || connection.gotBytes) return false;
    const { method } = this.#exchange;
    return !this.#freeRetryUsed && this.#writer.isWhole && method !== 'POST' && method !== 'PATCH';
  }

  #mayRetry(): boolean {
    return this.#writer.isWhole && this.#retries.allow();
  }

  #retry(): void {
    const { retry } = this.#action;
    if (retry === undefined) return;
    const { deps } = this.#exchange.manager;
    this.#cluster.stats.requestRetry.value++;
    this.#deadlines.backOff(deps.nowMs() + retryDelayMs(retry, this.#retries.next(), deps.dice));
  }

  #leaveEndpoint(): void {
    const endpoint = this.#endpoint;
    this.#endpoint = undefined;
    this.#connection = undefined;
    this.#writer.endTry();
    this.#deadlines.streamOver();
    if (endpoint !== undefined) {
      this.#exchange.span?.endTry(this.#exchange);
      this.#cluster.endRequest(endpoint);
      this.#retries.note(endpoint);
    }
    if (this.#over) this.#retries.end(false);
  }

  #reply(status: number, body: string, details: string, flag: ResponseFlag): void {
    this.#over = true;
    this.#retries.end(false);
    const headers = flag === 'UO' ? overloaded : [];
    this.#exchange.localReply({ status, body, details, flag, headers });
  }

  // --- time ----------------------------------------------------------------------------------

  /** The route's time-out counts from the moment all of the request is here, past all filters (Envoy's rule). */
  #armTimeout(): void {
    const timeoutMs = this.#timeoutMs;
    if (timeoutMs <= 0 || this.#exchange.upgrade !== undefined) return;
    this.#deadlines.request(this.#exchange.manager.deps.nowMs() + timeoutMs);
  }

  #onTimeout(): void {
    this.#cluster.stats.requestTimeout.value++;
    const exchange = this.#exchange;
    if (this.#endpoint !== undefined) {
      this.#cluster.report(this.#endpoint, { kind: 'timeout' });
    }
    if (exchange.responseStarted) {
      exchange.resetResponse('UT', 'response_timeout');
      this.abandon();
      return;
    }
    this.abandon();
    this.#exchange.localReply({
      status: 504,
      body: 'upstream request timeout',
      details: 'response_timeout',
      flag: 'UT',
    });
  }

  /** One try took too long, or was silent too long. */
  #onTryTimeout(kind: 'try' | 'try-idle'): void {
    const { stats } = this.#cluster;
    if (kind === 'try') stats.requestPerTryTimeout.value++;
    else stats.requestPerTryIdleTimeout.value++;
    if (this.#endpoint !== undefined) this.#cluster.report(this.#endpoint, { kind: 'timeout' });
    this.#giveUpTry();
    const { retry } = this.#action;
    if (retry !== undefined && retriesFailure(retry, 'timeout', true) && this.#mayRetry()) {
      this.#retry();
      return;
    }
    const details = kind === 'try' ? 'upstream_per_try_timeout' : 'upstream_per_try_idle_timeout';
    this.#replyLate(504, 'upstream request timeout', details, 'UT');
  }

  /** The upstream's stream lived as long as its cluster allows (`max_stream_duration`). */
  #onStreamDuration(): void {
    this.#cluster.stats.requestMaxDurationReached.value++;
    this.#giveUpTry();
    const { retry } = this.#action;
    if (retry !== undefined && retriesFailure(retry, 'remote-reset', true) && this.#mayRetry()) {
      this.#retry();
      return;
    }
    const status = this.#exchange.requestDone ? 504 : 408;
    const details = 'upstream_max_stream_duration_reached';
    this.#replyLate(status, 'upstream max stream duration reached', details, 'UMSDR');
  }

  #giveUpTry(): void {
    if (this.#waiting) this.#cluster.cancelWaiting(this);
    this.#waiting = false;
    const connection = this.#connection;
    this.#leaveEndpoint();
    connection?.destroy();
  }

  /** As `#reply`, or a reset when the response has begun. */
  #replyLate(status: number, body: string, details: string, flag: ResponseFlag): void {
    if (!this.#exchange.responseStarted) {
      this.#reply(status, body, details, flag);
      return;
    }
    this.#over = true;
    this.#exchange.resetResponse(flag, details);
  }

  // --- the rest ------------------------------------------------------------------------------

  #hashRequest(): void {
    const exchange = this.#exchange;
    const { hash, cookies } = hashRequest(exchange, this.#action.hashPolicies);
    this.#hash = hash;
    for (const cookie of cookies) exchange.addResponseHeader('set-cookie', cookie);
  }
}
