import type net from 'node:net';
import type { ConnectionView, FilterChainTable, ListenerTable } from '@lateen/routing';
import { type AccessLogger, openAccessLogs } from '../access-log/access-logger.ts';
import type { Counter, Gauge } from '../stats/metric.ts';
import { StatsScope } from '../stats/registry.ts';
import { connectionFormatContext, refusedFormatContext } from '../tcp/tcp-format-context.ts';
import { ChainHandler, type ListenerDependencies } from './chain-handler.ts';
import { type Inspection, inspect } from './inspection.ts';

const viewOf = (socket: net.Socket, inspection: Inspection | undefined): ConnectionView => ({
  destinationAddress: socket.localAddress ?? '',
  destinationPort: socket.localPort ?? 0,
  sourceAddress: socket.remoteAddress ?? '',
  sourcePort: socket.remotePort ?? 0,
  serverName: inspection?.serverName ?? '',
  transportProtocol: inspection?.transportProtocol ?? 'raw_buffer',
  applicationProtocols: inspection?.applicationProtocols ?? [],
});

/** Whether what a client offers by ALPN must be known before the handshake. */
const negotiates = ({ transport }: FilterChainTable): boolean =>
  transport.kind === 'tls' && transport.tls.alpn.length > 0;

/** One version of a listener's configuration at work; a new version replaces it on the same socket. */
export class Listener {
  readonly table: ListenerTable;
  readonly #handlers = new Map<FilterChainTable, ChainHandler>();
  readonly #accepted: Counter;
  readonly #active: Gauge;
  readonly #destroyed: Counter;
  readonly #noChain: Counter;
  readonly #logs: readonly AccessLogger[];
  readonly #inspects: boolean;
  readonly #nowMs: () => number;

  constructor(table: ListenerTable, deps: ListenerDependencies) {
    this.table = table;
    const name = table.statPrefix === '' ? table.name : table.statPrefix;
    const scope = new StatsScope(deps.http.stats, {
      prefix: `listener.${name}`,
      family: 'envoy_listener',
      labels: { envoy_listener_address: name },
    });
    this.#accepted = scope.counter('downstream_cx_total');
    this.#active = scope.gauge('downstream_cx_active');
    this.#destroyed = scope.counter('downstream_cx_destroy');
    this.#noChain = scope.counter('no_filter_chain_match');
    this.#logs = openAccessLogs(table.accessLogs, deps.logs, deps.log);
    this.#nowMs = deps.http.nowMs;
    this.#inspects = table.needsInspection || table.filterChains.some(negotiates);
    const chains = [...table.filterChains];
    if (table.defaultFilterChain !== undefined) chains.push(table.defaultFilterChain);
    for (const chain of chains) {
      this.#handlers.set(chain, new ChainHandler(table, chain, deps, () => undefined));
    }
  }

  accept(socket: net.Socket): void {
    this.#accepted.value++;
    this.#active.value++;
    socket.once('close', () => {
      this.#active.value--;
      this.#destroyed.value++;
    });
    socket.setNoDelay(true);
    if (!this.#inspects) {
      this.#dispatch(socket, undefined);
      return;
    }
    inspect(socket, {
      timeoutMs: this.table.listenerFiltersTimeoutMs,
      continueOnTimeout: this.table.continueOnListenerFiltersTimeout,
      done: (inspection) => this.#dispatch(socket, inspection),
    });
  }

  #dispatch(socket: net.Socket, inspection: Inspection | undefined): void {
    const chain = this.table.selectFilterChain(viewOf(socket, inspection));
    const handler = chain === undefined ? undefined : this.#handlers.get(chain);
    if (handler === undefined) {
      this.#noChain.value++;
      this.#logRefusal(socket, inspection);
      socket.destroy();
      return;
    }
    if (this.#logs.length > 0) this.#logAtEnd(socket, inspection);
    handler.accept(socket, inspection);
  }

  /** Listeners log connections, besides what is logged of the requests on them. */
  #logAtEnd(socket: net.Socket, inspection: Inspection | undefined): void {
    const startMs = this.#nowMs();
    // Addresses are gone once the socket is closed.
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    const labels = {
      downstreamLocalAddress: `${localAddress ?? ''}:${localPort ?? 0}`,
      downstreamRemoteAddress: `${remoteAddress ?? ''}:${remotePort ?? 0}`,
      downstreamDirectRemoteAddress: `${remoteAddress ?? ''}:${remotePort ?? 0}`,
    };
    socket.once('close', () => {
      const times = { startMs, durationMs: this.#nowMs() - startMs };
      const seen = connectionFormatContext(socket, inspection?.serverName ?? '', times);
      for (const log of this.#logs) log.write({ ...seen, ...labels });
    });
  }

  #logRefusal(socket: net.Socket, inspection: Inspection | undefined): void {
    if (this.#logs.length === 0) return;
    const context = refusedFormatContext(socket, inspection?.serverName ?? '', this.#nowMs());
    for (const log of this.#logs) log.write(context);
  }

  /** Responses from now on close their connections. */
  drain(): void {
    for (const handler of this.#handlers.values()) handler.drain();
  }

  closeIdle(): void {
    for (const handler of this.#handlers.values()) handler.closeIdle();
  }

  sweep(nowMs: number): void {
    for (const handler of this.#handlers.values()) handler.sweep(nowMs);
  }

  destroy(): void {
    for (const handler of this.#handlers.values()) handler.destroy();
  }

  get connectionCount(): number {
    let sum = 0;
    for (const handler of this.#handlers.values()) sum += handler.connectionCount;
    return sum;
  }
}
