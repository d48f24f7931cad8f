import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type FormatContext, type FormatNode, metadataAt } from '@lateen/routing';
import { peerMessage } from '../filters/istio.stats/peer-message.ts';
import type { Exchange } from '../http/exchange.ts';
import { protocolName } from '../http/protocol-name.ts';
import type { HeaderBlock } from '../http1/header-block.ts';
import { type ConnectionTls, connectionTls } from '../tls/connection-tls.ts';
import { upstreamTlsOf } from '../tls/upstream-tls.ts';
import { wallMs } from '../wall-clock.ts';
import { connectionId } from './connection-id.ts';

const machine = hostname();

/** Facts an exchange does not hold itself. */
export interface FormatFacts {
  readonly clientAddress: string;
  /** Of the request's span; undefined: not traced, or not sampled. */
  readonly span: { readonly traceId: string; readonly spanId: string } | undefined;
  /** Where the request came in, and the proxy. */
  readonly manager: {
    readonly chainName: string;
    readonly direction: 'inbound' | 'outbound' | 'unspecified';
    readonly deps: { readonly node: FormatNode };
  };
}

const namesOf = (list: HeaderBlock | undefined): readonly string[] =>
  list === undefined ? [] : [...new Set([...list.entries()].map(([name]) => name))];

/** An exchange as formats see it. */
export class ExchangeFormatContext implements FormatContext {
  readonly #exchange: Exchange;
  readonly #facts: FormatFacts;

  constructor(exchange: Exchange, facts: FormatFacts) {
    this.#exchange = exchange;
    this.#facts = facts;
  }

  get startTimeMs(): number {
    return wallMs(this.#exchange.startMs);
  }
  requestHeader(name: string): string | undefined {
    const exchange = this.#exchange;
    if (name.charCodeAt(0) !== 58) return exchange.header(name);
    if (name === ':method') return exchange.method;
    if (name === ':path') return exchange.path;
    if (name === ':authority') return exchange.authority;
    return name === ':scheme' ? exchange.scheme : undefined;
  }
  responseHeader(name: string): string | undefined {
    if (name === ':status') return String(this.#exchange.responseCode);
    return this.#exchange.response?.get(name);
  }
  /** Trailers inside chunked framing that passes through are not kept. */
  responseTrailer(name: string): string | undefined {
    return this.#exchange.responseTrailers?.get(name);
  }
  get protocol(): string | undefined {
    return protocolName(this.#exchange);
  }
  get responseCode(): number {
    return this.#exchange.responseCode;
  }
  get responseFlags(): string | undefined {
    return this.#exchange.flags;
  }
  get responseCodeDetails(): string | undefined {
    return this.#exchange.details;
  }
  get connectionTerminationDetails(): string | undefined {
    return undefined;
  }
  get upstreamTransportFailureReason(): string | undefined {
    return this.#exchange.transportFailure;
  }
  get downstreamTransportFailureReason(): string | undefined {
    return undefined;
  }
  get bytesReceived(): number {
    return this.#exchange.bytesReceived;
  }
  get bytesSent(): number {
    return this.#exchange.bytesSent;
  }
  get durationMs(): number | undefined {
    return this.#exchange.isDone ? Math.round(this.#exchange.durationMs) : undefined;
  }
  get requestDurationMs(): number | undefined {
    const { requestDoneMs, startMs } = this.#exchange;
    return requestDoneMs > 0 ? Math.round(requestDoneMs - startMs) : undefined;
  }
  get responseDurationMs(): number | undefined {
    const { responseStartMs, startMs } = this.#exchange;
    return responseStartMs > 0 ? Math.round(responseStartMs - startMs) : undefined;
  }
  get responseTxDurationMs(): number | undefined {
    const { responseStartMs, startMs, durationMs, isDone } = this.#exchange;
    return responseStartMs > 0 && isDone
      ? Math.round(startMs + durationMs - responseStartMs)
      : undefined;
  }
  get upstreamHost(): string | undefined {
    return this.#exchange.endpoint?.label;
  }
  get upstreamCluster(): string | undefined {
    return this.#exchange.cluster?.table.statName;
  }
  get upstreamClusterRaw(): string | undefined {
    return this.#exchange.cluster?.name;
  }
  get upstreamLocalAddress(): string | undefined {
    return this.#exchange.upstreamLocalLabel;
  }
  get upstreamRequestAttemptCount(): number {
    return this.#exchange.tries;
  }
  get downstreamLocalAddress(): string | undefined {
    return this.#exchange.connection.localLabel;
  }
  get downstreamRemoteAddress(): string | undefined {
    const { connection } = this.#exchange;
    const { clientAddress } = this.#facts;
    if (clientAddress === '' || clientAddress === connection.remote) return connection.remoteLabel;
    return `${clientAddress}:0`;
  }
  get downstreamDirectRemoteAddress(): string | undefined {
    return this.#exchange.connection.remoteLabel;
  }
  get requestedServerName(): string | undefined {
    return this.#tls?.serverName || undefined;
  }
  get routeName(): string | undefined {
    return this.#exchange.route?.name;
  }
  get virtualClusterName(): string | undefined {
    return undefined;
  }
  get filterChainName(): string | undefined {
    return this.#facts.manager.chainName;
  }
  get connectionId(): number {
    const { remoteLabel, localLabel } = this.#exchange.connection;
    return connectionId(remoteLabel, localLabel);
  }
  get hostname(): string | undefined {
    return machine;
  }
  get #tls(): ConnectionTls | undefined {
    const { tls } = this.#exchange.connection;
    return tls === undefined ? undefined : connectionTls(tls);
  }
  get downstreamPeerUriSan(): string | undefined {
    return this.#tls?.peer?.uriSans.join(',') || undefined;
  }
  get downstreamLocalUriSan(): string | undefined {
    return this.#tls?.local.uriSans.join(',') || undefined;
  }
  get downstreamPeerSubject(): string | undefined {
    return this.#tls?.peer?.subject || undefined;
  }
  get downstreamTlsVersion(): string | undefined {
    return this.#tls?.version || undefined;
  }
  get downstreamTlsCipher(): string | undefined {
    return this.#tls?.cipher || undefined;
  }
  dynamicMetadata(namespace: string, path: readonly string[]): unknown {
    return this.#exchange.dynamicMetadata(namespace, path);
  }
  routeMetadata(namespace: string, path: readonly string[]): unknown {
    return metadataAt(this.#exchange.route?.metadata[namespace], path);
  }
  clusterMetadata(namespace: string, path: readonly string[]): unknown {
    return metadataAt(this.#exchange.cluster?.table.metadata[namespace], path);
  }
  upstreamMetadata(namespace: string, path: readonly string[]): unknown {
    return metadataAt(this.#exchange.endpoint?.entry.metadata[namespace], path);
  }
  filterState(_key: string): string | undefined {
    return undefined;
  }
  filterStateObject(key: string): Readonly<Record<string, unknown>> | undefined {
    return peerMessage(key, this.#exchange, this.#facts.manager.direction === 'inbound');
  }
  headerNames(of: 'request' | 'response' | 'trailer'): readonly string[] {
    const { request, response, responseTrailers } = this.#exchange;
    if (of === 'response') return namesOf(response);
    if (of === 'trailer') return namesOf(responseTrailers);
    return [':method', ':path', ':authority', ':scheme', ...namesOf(request)];
  }
  get requestHeadBytes(): number {
    return this.#exchange.requestHeadBytes;
  }
  get responseHeadBytes(): number {
    return this.#exchange.responseHeadBytes;
  }
  get grpcStatus(): string | undefined {
    return this.#exchange.grpcStatus;
  }
  get downstreamTls(): ConnectionTls | undefined {
    return this.#tls;
  }
  get upstreamTls(): ConnectionTls | undefined {
    const { endpoint } = this.#exchange;
    return endpoint && upstreamTlsOf(endpoint);
  }
  get virtualHostName(): string | undefined {
    return this.#exchange.virtualHost?.name;
  }
  get listenerDirection(): 'inbound' | 'outbound' | 'unspecified' {
    return this.#facts.manager.direction;
  }
  get node(): FormatNode {
    return this.#facts.manager.deps.node;
  }
  get logType(): 'DownstreamEnd' | 'NotSet' {
    return this.#exchange.isDone ? 'DownstreamEnd' : 'NotSet';
  }
  get isSampled(): boolean {
    return this.#facts.span !== undefined;
  }
  /** As Envoy's: the request's id. */
  get streamId(): string | undefined {
    return this.#exchange.header('x-request-id');
  }
  uniqueId(): string {
    return randomUUID();
  }
  get traceId(): string | undefined {
    return this.#facts.span?.traceId;
  }
  get spanId(): string | undefined {
    return this.#facts.span?.spanId;
  }
  environment(name: string): string | undefined {
    return process.env[name];
  }
}
