import type { Address, ListenerTable } from '@lateen/routing';
import { ProxyError } from '../proxy-error.ts';
import type { ListenerDependencies } from './chain-handler.ts';
import { Listener } from './listener.ts';
import { addressLabel, ListenerSocket } from './listener-socket.ts';

/** A listener in service. */
interface Active {
  readonly listener: Listener;
  readonly sockets: readonly ListenerSocket[];
}

/** All listeners in service, and old versions until their connections are gone. */
export class ListenerSet {
  readonly #deps: ListenerDependencies;
  readonly #active = new Map<string, Active>();
  readonly #draining = new Set<Listener>();
  readonly #drainMs: number;

  constructor(deps: ListenerDependencies, drainMs: number) {
    this.#deps = deps;
    this.#drainMs = drainMs;
  }

  get tables(): readonly ListenerTable[] {
    return [...this.#active.values()].map(({ listener }) => listener.table);
  }

  /** Listeners that are gone or replaced and have connections, or may have. */
  get drainingCount(): number {
    return this.#draining.size;
  }

  /** Bound addresses by listener name. */
  addresses(name: string): readonly ListenerSocket[] {
    return this.#active.get(name)?.sockets ?? [];
  }

  /**
   * Puts a configuration in service under its name. Addresses that stay bound are handed over;
   * rejects with `ProxyError` `BindFailed`, and then the old version stays.
   */
  async put(table: ListenerTable): Promise<void> {
    const before = this.#active.get(table.name);
    const listener = new Listener(table, this.#deps);
    const wanted = table.bindToPort ? [table.address, ...table.additionalAddresses] : [];
    const kept = before?.sockets ?? [];
    const sockets = await this.#bindAll(wanted, kept, listener);
    for (const socket of sockets) socket.replace(listener);
    for (const socket of kept) if (!sockets.includes(socket)) socket.close();
    this.#active.set(table.name, { listener, sockets });
    if (before !== undefined) this.#retire(before.listener);
  }

  /** Sockets for all addresses: kept ones where the address stays, new ones for the rest. */
  async #bindAll(
    wanted: readonly Address[],
    kept: readonly ListenerSocket[],
    listener: Listener,
  ): Promise<readonly ListenerSocket[]> {
    const sockets: ListenerSocket[] = [];
    try {
      for (const address of wanted) {
        const same = kept.find(({ label }) => label === addressLabel(address));
        sockets.push(same ?? (await this.#bind(address, listener)));
      }
    } catch (error) {
      for (const socket of sockets) if (!kept.includes(socket)) socket.close();
      throw error;
    }
    return sockets;
  }

  async #bind(address: Address, listener: Listener): Promise<ListenerSocket> {
    const label = addressLabel(address);
    for (const { sockets, listener: other } of this.#active.values()) {
      if (sockets.some((socket) => socket.label === label) && !label.endsWith(':0')) {
        const message = `listener ${other.table.name} has ${label} already`;
        throw new ProxyError('BindFailed', message);
      }
    }
    return ListenerSocket.bind(address, listener);
  }

  /** Takes a listener out of service; its connections finish what they do. */
  remove(name: string): void {
    const active = this.#active.get(name);
    if (active === undefined) return;
    this.#active.delete(name);
    for (const socket of active.sockets) socket.close();
    this.#retire(active.listener);
  }

  #retire(listener: Listener): void {
    listener.drain();
    this.#draining.add(listener);
    const timer = setTimeout(() => {
      listener.closeIdle();
      this.#draining.delete(listener);
    }, this.#drainMs);
    timer.unref();
  }

  /** Time-outs of idle connections. */
  sweep(nowMs: number): void {
    for (const { listener } of this.#active.values()) listener.sweep(nowMs);
    for (const listener of this.#draining) listener.sweep(nowMs);
  }

  /** Accepts no more and lets connections go as they become idle. */
  drain(): void {
    for (const { listener, sockets } of this.#active.values()) {
      for (const socket of sockets) socket.close();
      listener.closeIdle();
    }
    for (const listener of this.#draining) listener.closeIdle();
  }

  get connectionCount(): number {
    let sum = 0;
    for (const { listener } of this.#active.values()) sum += listener.connectionCount;
    for (const listener of this.#draining) sum += listener.connectionCount;
    return sum;
  }

  /** Closes everything at once. */
  destroy(): void {
    for (const { listener, sockets } of this.#active.values()) {
      for (const socket of sockets) socket.close();
      listener.destroy();
    }
    for (const listener of this.#draining) listener.destroy();
    this.#active.clear();
    this.#draining.clear();
  }
}
