import type { Client } from '@grpc/grpc-js';
import type { Logger } from '@lateen/base';
import type { Dice } from '@lateen/routing';
import type { Cluster } from '../cluster/cluster.ts';
import type { SecureContexts, TlsMaterial } from '../tls/secure-context.ts';
import { openClient } from './ads-channel.ts';

/** What a kept stream is, as far as keeping it is concerned. */
export interface KeptStream {
  cancel(): void;
  /** Called once, with the reason, however the stream ends. */
  onEnd(run: (reason: string) => void): void;
}

/** What a keeper is made of. */
export interface StreamKeeperOptions {
  readonly cluster: () => Cluster | undefined;
  readonly contexts: SecureContexts;
  readonly dice: Dice;
  readonly log: Logger;
  /** For people: who is at the other end. */
  readonly what: string;
  open(client: Client): KeptStream;
  /** The stream is gone; another one follows. */
  ended(): void;
}

/** First wait before a reconnection, doubled each time up to the last; a part of it is drawn. */
const firstBackoffMs = 200;
const maxBackoffMs = 15_000;
/** How often a stream whose cluster or certificate is not there yet is tried. */
const readinessPollMs = 100;

/**
 * Keeps one stream to a server: connects, reconnects with a growing wait, and connects anew when
 * our certificate or the trust anchors were rotated, so that no stream outlives its certificate.
 */
export class StreamKeeper {
  readonly #options: StreamKeeperOptions;
  #failures = 0;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined = undefined;
  #client: Client | undefined = undefined;
  #stream: KeptStream | undefined = undefined;
  #material: TlsMaterial | undefined = undefined;
  readonly #unwatch: () => void;

  constructor(options: StreamKeeperOptions) {
    this.#options = options;
    this.#unwatch = options.contexts.secrets.onChange(() => this.#onSecrets());
  }

  start(): void {
    if (this.#stopped) return;
    const { contexts, dice } = this.#options;
    const cluster = this.#options.cluster();
    const material = cluster && this.#materialOf(cluster);
    if (cluster === undefined || material === 'missing') {
      this.#timer = setTimeout(() => this.start(), readinessPollMs);
      return;
    }
    this.#material = material;
    const client = openClient(cluster, dice, contexts);
    const stream = this.#options.open(client);
    this.#client = client;
    this.#stream = stream;
    stream.onEnd((reason) => {
      client.close();
      // One that was given up for another has been ended there: this would end its successor.
      if (this.#stream !== stream) return;
      this.#options.ended();
      this.#stream = undefined;
      if (this.#stopped) return;
      this.#options.log.warn(`${this.#options.what} is gone, serving what is known`, { reason });
      this.#reconnectLater();
    });
  }

  /** The server answered: the next failure is the first again. */
  answered(): void {
    this.#failures = 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#unwatch();
    clearTimeout(this.#timer);
    this.#stream?.cancel();
    this.#client?.close();
  }

  #materialOf({ table }: Cluster): TlsMaterial | 'missing' | undefined {
    const { transport } = table;
    if (transport.kind !== 'tls') return undefined;
    return this.#options.contexts.peek(transport.tls) ?? 'missing';
  }

  #onSecrets(): void {
    if (this.#stopped || this.#stream === undefined) return;
    const cluster = this.#options.cluster();
    const material = cluster && this.#materialOf(cluster);
    if (material === undefined || material === 'missing') return;
    if (material.context === this.#material?.context) return;
    this.#options.log.info(`certificate renewed, connecting to ${this.#options.what} again`);
    const stream = this.#stream;
    this.#stream = undefined;
    stream.cancel();
    this.#options.ended();
    this.start();
  }

  #reconnectLater(): void {
    const most = Math.min(firstBackoffMs * 2 ** this.#failures, maxBackoffMs);
    this.#failures++;
    const delay = most / 2 + this.#options.dice(Math.ceil(most / 2));
    // Keeps the process alive: without a control plane it still has listeners to come.
    this.#timer = setTimeout(() => this.start(), delay);
  }
}
