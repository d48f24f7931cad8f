import type {
  Destination,
  FormatContext,
  ForwardAction,
  RouteEntry,
  VirtualHostTable,
} from '@lateen/routing';
import { ExchangeFormatContext, type FormatFacts } from '../access-log/exchange-format-context.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import { Router } from '../filters/envoy.filters.http.router/router.ts';
import type { RouterHost } from '../filters/envoy.filters.http.router/router-host.ts';
import type { MessageHead } from '../http1/head-parser.ts';
import type { HeaderBlock } from '../http1/header-block.ts';
import type { Refusal, ServerConnection, ServerExchange } from '../http1/server-connection.ts';
import type { Timed } from '../ticker.ts';
import { certificateState } from '../tls/connection-tls.ts';
import type { RequestSpan } from '../tracing/request-span.ts';
import type { RequestTracing } from '../tracing/request-tracing.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { FramedDownstream } from './downstream.ts';
import { DynamicMetadata } from './dynamic-metadata.ts';
import type { LocalReply, MessageCounts, PeerFacts } from './exchange.ts';
import { HeldBody } from './held-body.ts';
import type { RequestFilter } from './http-filter.ts';
import { directReply, localReplyHead } from './local-reply.ts';
import { admitRequest } from './request-admission.ts';
import { prepareRequest } from './request-preparation.ts';
import type { ResponseFlag } from './response-flag.ts';
import { applyFraming, chooseFraming, statusLine } from './response-hygiene.ts';
import type { ResponseOutlet } from './response-outlet.ts';
import { type AnsweredExchange, prepareReply, prepareResponse } from './response-preparation.ts';
import { ResponseWriter } from './response-writer.ts';
import { nextFilter, noRoutePlan, type RoutePlan } from './route-plan.ts';
import { type RoutedExchange, routelessReply, selectRoute } from './route-selection.ts';
import { reasonOf } from './status-reason.ts';
import {
  countExpiry,
  describeExpiry,
  hasStreamTimes,
  type StreamExpiry,
  StreamTimer,
} from './stream-timer.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** Shared by all exchanges that need none. */
const noHeaders: readonly (readonly [string, string])[] = [];
const noProtocols: readonly string[] = [];

/** One request through the connection manager: routing, filters, router, response. */
export class HttpExchange
  implements RoutedExchange, AnsweredExchange, ServerExchange, RouterHost, FormatFacts, Timed
{
  readonly connection: ServerConnection | FramedDownstream;
  readonly manager: ConnectionManager;
  readonly request: MessageHead;
  response: MessageHead | undefined = undefined;
  method = '';
  scheme = 'http';
  authority = '';
  path = '';
  virtualHost: VirtualHostTable | undefined = undefined;
  route: RouteEntry | undefined = undefined;
  destination: Destination | undefined = undefined;
  cluster: Cluster | undefined = undefined;
  endpoint: Endpoint | undefined = undefined;
  upstreamLocalLabel: string | undefined = undefined;
  readonly startMs: number;
  requestDoneMs = 0;
  responseStartMs = 0;
  responseCode = 0;
  flags = '';
  details = '';
  transportFailure: string | undefined = undefined;
  /** Of the request's body, with chunked framing if there is any. */
  #takenBytes = 0;
  requestHeadBytes = 0;
  responseHeadBytes = 0;
  durationMs = 0;
  tries = 0;
  peer: PeerFacts | undefined = undefined;
  /** Of requests that are traced and sampled. */
  span: RequestSpan | undefined = undefined;
  isDone = false;
  messages: MessageCounts | undefined = undefined;
  responseTrailers: HeaderBlock | undefined = undefined;
  grpcStatus: string | undefined = undefined;
  upgrade: string | undefined = undefined;
  /** Address of the client as trusted proxies report it. */
  clientAddress = '';
  deadlineMs = 0;
  slot = -1;
  hasBody = false;
  plan: RoutePlan = noRoutePlan;
  extraHeaders: readonly (readonly [string, string])[] = noHeaders;
  requestId: string | undefined = undefined;
  #nextFilter = 0;
  #router: Router | undefined = undefined;
  /** Body bytes that came while filters hold the request. */
  #held: HeldBody | undefined = undefined;
  readonly #writer: ResponseWriter | ResponseOutlet;
  #started = false;
  #delayed: { readonly run: () => void; readonly cancelled: () => void } | undefined = undefined;
  #timer: StreamTimer | undefined = undefined;
  upstreamAlpn: readonly string[] = noProtocols;
  #metadata: DynamicMetadata | undefined = undefined;

  constructor(connection: ServerConnection | FramedDownstream, manager: ConnectionManager) {
    this.connection = connection;
    this.manager = manager;
    this.request = connection.request;
    this.startMs = manager.deps.nowMs();
    this.#writer = connection.outlet ?? new ResponseWriter(connection);
  }

  /** Framing that was refused was not taken. */
  get bytesReceived(): number {
    return Math.max(0, this.#takenBytes - this.connection.framingBytes);
  }

  get bytesSent(): number {
    return this.#writer.bytesSent;
  }

  get responseStarted(): boolean {
    return this.#started;
  }

  header(name: string): string | undefined {
    return this.request.get(name);
  }

  addFlag(flag: ResponseFlag): void {
    if (this.flags === '') this.flags = flag;
    else if (!this.flags.split(',').includes(flag)) this.flags += `,${flag}`;
  }

  /** What formats may ask about this exchange. */
  formatContext(): FormatContext {
    return new ExchangeFormatContext(this, this);
  }

  begin(hasBody: boolean): void {
    const { manager, request } = this;
    this.hasBody = hasBody;
    if (!hasBody) this.requestDoneMs = this.startMs;
    this.requestHeadBytes = request.text.length;
    manager.stats.requests.value++;
    manager.stats.requestsActive.value++;
    if (manager.timesStreams) this.#timer = new StreamTimer(this, manager);
    if (manager.draining) this.connection.closeAfter = true;
    if (!this.#admit()) return;
    const prepared = prepareRequest(this, manager);
    this.scheme = prepared.scheme;
    this.clientAddress = prepared.clientAddress;
    this.requestId = prepared.requestId;
    this.#selectRoute();
    if (manager.tracing !== undefined) this.#trace(manager.tracing);
    this.#runFilters();
  }

  /** Begins the request's span, if it has one; what was decided is part of its id. */
  #trace(tracing: RequestTracing): void {
    this.span = tracing.begin(this, this.requestId);
    if (!this.manager.settings.alwaysSetRequestIdInResponse) return;
    this.requestId = this.request.get('x-request-id');
  }

  /** Answers what never became a request. */
  refuseUnread({ status, details, body, isProtocolError }: Refusal): void {
    const { stats } = this.manager;
    stats.requests.value++;
    stats.requestsActive.value++;
    const flag = isProtocolError ? ({ flag: 'DPE' } as const) : {};
    this.localReply({ status, body: body ?? reasonOf(status), details, ...flag });
  }

  /** Method, authority, path and upgrade; false: answered already. */
  #admit(): boolean {
    const { request, connection, manager } = this;
    this.method = request.text.substring(0, request.methodEnd);
    const found = admitRequest(connection, this.method, manager.settings);
    this.authority = found.authority;
    this.path = found.path;
    this.upgrade = found.upgrade;
    if (found.closes === true) connection.closeAfter = true;
    if (found.isProtocolError === true) manager.stats.protocolErrors.value++;
    if (found.reply === undefined) return true;
    this.localReply(found.reply);
    return false;
  }

  #selectRoute(): void {
    this.plan = selectRoute(this, this.manager);
    const action = this.route?.action;
    if (action?.kind !== 'forward' || !hasStreamTimes(action)) return;
    this.#timer ??= new StreamTimer(this, this.manager);
    this.#timer.applyRoute(action);
  }

  clearRoute(): void {
    const before = this.plan;
    this.#selectRoute();
    this.#nextFilter = nextFilter(before, this.#nextFilter, this.plan);
  }

  get clientCertificate(): RoutedExchange['clientCertificate'] {
    return certificateState(this.connection.tls);
  }

  dynamicMetadata(namespace: string, path: readonly string[]): unknown {
    return this.#metadata?.read(namespace, path);
  }

  writeMetadata(namespace: string, values: Readonly<Record<string, unknown>>): void {
    this.#metadata ??= new DynamicMetadata();
    this.#metadata.write(namespace, values);
  }

  bufferBody(maxBytes: number, ready: (body: Buffer, whole: boolean) => void): void {
    this.#held ??= new HeldBody();
    if (!this.hasBody || this.requestDone) this.#held.end();
    this.#held.wait(maxBytes, ready);
  }

  resumeFilters(): void {
    if (!this.isDone && !this.#started) this.#runFilters();
  }

  #runFilters(): void {
    // Not once: a filter may have the route selected again.
    while (this.#nextFilter < this.plan.filters.length) {
      const filter = this.plan.filters[this.#nextFilter++] as RequestFilter;
      const verdict = filter.onRequest?.(this) ?? 'continue';
      if (verdict === 'stop' || this.isDone) return;
    }
    this.#act();
  }

  #act(): void {
    const action = this.route?.action;
    if (action === undefined) this.localReply(routelessReply(this, this.manager));
    else if (action.kind === 'forward') this.#forward(action);
    else this.localReply(directReply(this, action));
  }

  #forward(action: ForwardAction): void {
    if (this.cluster === undefined || this.destination === undefined) {
      const status = action.clusterNotFoundStatus;
      this.localReply({ status, body: '', details: 'cluster_not_found', flag: 'NC' });
      return;
    }
    const router = new Router(this, action, this.destination, this.cluster);
    this.#router = router;
    const held = this.#held?.take() ?? [];
    this.#held = undefined;
    router.start(this.plan.requestMutations);
    for (const bytes of held) this.#router?.body(bytes, 0, bytes.length);
    if (held.length > 0) {
      this.#router?.flush();
      if (!this.isDone) this.connection.unblock();
    }
  }

  requestBody(bytes: Buffer, start: number, end: number): boolean {
    this.#takenBytes += end - start;
    this.#timer?.touch(this.manager.deps.nowMs());
    if (this.#router !== undefined) return this.#router.body(bytes, start, end);
    if (this.isDone) return true;
    this.#held ??= new HeldBody();
    return this.#held.add(bytes.subarray(start, end));
  }

  requestEnd(): void {
    this.requestDoneMs = this.manager.deps.nowMs();
    this.#timer?.touch(this.requestDoneMs);
    this.#router?.bodyEnd();
    this.#held?.end();
  }

  get requestDone(): boolean {
    return this.requestDoneMs > 0;
  }

  requestFlush(): void {
    this.#router?.flush();
  }

  requestMalformed(): void {
    this.connection.closeAfter = true;
    this.#router?.abandon();
    if (this.#started) this.resetResponse('DPE', 'http1.codec_error');
    else this.localReply({ status: 400, body: '', details: 'http1.codec_error', flag: 'DPE' });
  }

  tunnelBytes(bytes: Buffer): boolean {
    this.#takenBytes += bytes.length;
    this.#timer?.touch(this.manager.deps.nowMs());
    return this.#router?.tunnel(bytes) ?? true;
  }

  tunnelEnd(): void {
    this.#router?.tunnelEnd();
  }

  downstreamDrained(): void {
    this.#router?.resumeResponse();
  }

  downstreamClosed(): void {
    if (this.isDone) return;
    this.#router?.abandon();
    this.addFlag('DC');
    if (this.details === '' || !this.#started) this.details = 'downstream_remote_disconnect';
    this.#complete();
  }

  addResponseHeader(name: string, value: string): void {
    this.extraHeaders = [...this.extraHeaders, [name, value]];
  }

  schedule(delayMs: number, run: () => void, cancelled: () => void): void {
    this.#delayed = { run, cancelled };
    this.deadlineMs = this.manager.deps.nowMs() + delayMs;
    this.manager.deps.ticker.watch(this);
  }

  unschedule(): void {
    this.#delayed = undefined;
    this.deadlineMs = 0;
  }

  setDeadline(atMs: number): void {
    this.deadlineMs = atMs;
    if (atMs > 0) this.manager.deps.ticker.watch(this);
  }

  onDeadline(nowMs: number): void {
    const delayed = this.#delayed;
    if (delayed === undefined) {
      this.#router?.onDeadline(nowMs);
      return;
    }
    this.#delayed = undefined;
    this.deadlineMs = 0;
    delayed.run();
  }

  localReply(reply: LocalReply): void {
    if (this.isDone || this.#started) return;
    if (reply.flag !== undefined) this.addFlag(reply.flag);
    this.details = reply.details;
    const { head, status, body } = localReplyHead(this, reply);
    prepareReply(this, head, this.connection.closeAfter || (this.hasBody && !this.requestDone));
    this.#started = true;
    this.responseCode = status;
    this.grpcStatus = head.get('grpc-status');
    const sent = this.method === 'HEAD' ? '' : body;
    this.responseHeadBytes = this.#writer.reply(status, head, sent);
    this.#finish();
  }

  /** The upstream's final head: prepares it; it leaves with the first bytes of the body. */
  startResponse(upstream: UpstreamConnection): void {
    const { response } = upstream;
    const { settings } = this.manager;
    const { status } = response;
    this.#timer?.touch(this.responseStartMs);
    this.response = response;
    this.responseCode = status;
    if (this.details === '') this.details = 'via_upstream';
    if (status === 101) {
      upstream.becomeTunnel();
      this.#startTunnel(response.serialize());
      return;
    }
    prepareResponse(this, response);
    this.grpcStatus = response.get('grpc-status');
    this.#started = true;
    const { outlet } = this.connection;
    if (outlet !== undefined) {
      upstream.decodeChunks = upstream.isChunked;
      const mayHaveTrailers = upstream.isChunked || upstream.outlet !== undefined;
      this.responseHeadBytes = outlet.begin(status, response, mayHaveTrailers);
      return;
    }
    const framing = chooseFraming(this.connection, upstream);
    upstream.keepTrailers = settings.enableTrailers;
    applyFraming(response, framing, this.connection.closeAfter);
    const startLine = statusLine(response);
    this.responseHeadBytes = (this.#writer as ResponseWriter).begin(response, startLine, framing);
  }

  /** Answers CONNECT, then both sides pass bytes. */
  startConnectTunnel(): void {
    this.responseCode = 200;
    this.details = 'via_upstream';
    this.#startTunnel('HTTP/1.1 200 OK\r\n\r\n');
  }

  #startTunnel(head: string): void {
    this.#started = true;
    this.connection.closeAfter = true;
    this.#writer.startTunnel(this.responseCode, head, this.response);
    this.connection.becomeTunnel();
  }

  /** Sends an interim response as it came. */
  sendInterim(response: MessageHead): void {
    this.#writer.interim(response);
  }

  /** Body bytes of the response; false: the client is slower, pause. */
  responseBytes(upstream: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean {
    this.messages?.response.read(bytes, start, end);
    this.#timer?.touch(this.manager.deps.nowMs());
    return this.#writer.write(upstream, bytes, start, end);
  }

  /** The head leaves even when no body has come yet. */
  flushResponse(): void {
    this.#writer.flush();
  }

  /** The response is complete. */
  endResponse(trailers?: HeaderBlock): void {
    if (trailers !== undefined) {
      this.responseTrailers = trailers;
      this.grpcStatus ??= trailers.get('grpc-status');
    }
    this.#writer.end(trailers);
    this.#finish();
  }

  /** The stream was silent, or lived, too long. */
  expire(kind: StreamExpiry): void {
    countExpiry(this.manager.stats, kind);
    const reply = describeExpiry(kind, this.requestDone);
    this.#router?.abandon();
    if (this.#started) this.resetResponse(reply.flag, reply.details);
    else this.localReply(reply);
  }

  /** The response cannot be completed: the client must notice. */
  resetResponse(flag: ResponseFlag | undefined, details: string): void {
    if (this.isDone) return;
    if (flag !== undefined) this.addFlag(flag);
    this.details = details;
    this.connection.abort();
    this.#complete();
  }

  #finish(): void {
    this.#router?.abandon();
    this.#complete();
    this.connection.exchangeDone();
  }

  #complete(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.#delayed?.cancelled();
    this.#delayed = undefined;
    const { manager } = this;
    manager.deps.ticker.unwatch(this);
    this.#timer?.stop();
    this.durationMs = manager.deps.nowMs() - this.startMs;
    manager.stats.complete(this);
    for (const filter of manager.completionFilters) filter.onComplete?.(this);
    this.span?.finish(this);
    if (manager.accessLogs.length === 0) return;
    const context = this.formatContext();
    for (const log of manager.accessLogs) log.write(context);
  }
}
