import type { ServerResponse } from 'node:http';
import type { Clock } from '@lateen/base';
import type { ServerEvent } from '../contract/event.ts';

/** Pages open at once; each keeps a connection. */
const maxClients = 64;
/** Between comments that keep connections alive through proxies. */
const keepAliveMs = 15_000;
/** A page that does not read is cut off at this many unsent bytes. */
const maxUnsentBytes = 1024 * 1024;

/** Tells all open pages what happens, as server-sent events. */
export class EventStream {
  readonly #clients = new Set<ServerResponse>();
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#keepAlive();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Takes a connection over. False: there are too many. */
  open(response: ServerResponse): boolean {
    if (this.#clients.size >= maxClients) return false;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    this.#clients.add(response);
    response.on('close', () => this.#clients.delete(response));
    return true;
  }

  send(event: ServerEvent): void {
    this.#write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  close(): void {
    this.#cancel?.();
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }

  #write(text: string): void {
    for (const client of this.#clients) {
      if (client.writableLength > maxUnsentBytes) client.destroy();
      else client.write(text);
    }
  }

  #keepAlive(): void {
    this.#cancel = this.#clock.schedule(keepAliveMs, () => {
      this.#write(': \n\n');
      this.#keepAlive();
    });
  }
}
