import type { Logger } from '@lateen/base';
import {
  type ClientState,
  type ClientUpdate,
  openClientState,
  type Rejection,
  sotwClient,
  typeUrls,
} from '@lateen/xds';
import type { Node } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type {
  DiscoveryRequest,
  DiscoveryResponse,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { Configuration } from '../config/configuration.ts';
import type { AdsStream } from './ads-channel.ts';

type SecretStream = AdsStream<DiscoveryRequest, DiscoveryResponse>;

/** Secrets of one SDS server over its streams; survives reconnections with all it has. */
export class SdsSession {
  readonly #configuration: Configuration;
  readonly #server: string;
  readonly #log: Logger;
  #state: ClientState;
  #stream: SecretStream | undefined = undefined;
  #work: Promise<void> = Promise.resolve();

  /** `server` is the name of the server's cluster. */
  constructor(
    server: string,
    parts: { readonly configuration: Configuration; readonly log: Logger; readonly node: Node },
  ) {
    this.#server = server;
    this.#configuration = parts.configuration;
    this.#log = parts.log;
    this.#state = openClientState(parts.node);
  }

  /** Begins on a new stream. */
  attach(stream: SecretStream, onResponse: () => void): void {
    this.#stream = stream;
    stream.onResponse((response) => {
      onResponse();
      this.#work = this.#work.then(() => this.#handle(stream, response));
    });
    const step = sotwClient.reconnect(this.#state);
    this.#state = step.state;
    this.#send(step.requests);
  }

  detach(): void {
    this.#stream = undefined;
  }

  /** Subscribes to these names and lets go of all others. */
  want(names: ReadonlySet<string>): void {
    const have = this.#state.subscriptions.get(typeUrls.secret)?.names ?? new Set<string>();
    const added = [...names].filter((name) => !have.has(name));
    const dropped = [...have].filter((name) => !names.has(name));
    if (added.length > 0) {
      const step = sotwClient.subscribe(this.#state, typeUrls.secret, added);
      this.#state = step.state;
      this.#send(step.requests);
    }
    if (dropped.length === 0) return;
    const step = sotwClient.unsubscribe(this.#state, typeUrls.secret, dropped);
    this.#state = step.state;
    this.#send(step.requests);
    for (const name of dropped) {
      this.#configuration.dropUnused(typeUrls.secret, name, this.#server);
    }
  }

  #send(requests: readonly DiscoveryRequest[]): void {
    for (const request of requests) this.#stream?.send(request);
  }

  async #handle(stream: SecretStream, response: DiscoveryResponse): Promise<void> {
    // What a stream that is gone still delivered is repeated by the next one.
    if (this.#stream !== stream) return;
    let update: ClientUpdate;
    try {
      const received = sotwClient.receive(this.#state, response);
      this.#state = received.state;
      update = received.update;
    } catch (error) {
      this.#log.error('secrets cannot be read', { server: this.#server, error: String(error) });
      stream.cancel();
      return;
    }
    const rejection = await this.#apply(update);
    const step = sotwClient.settle(this.#state, update, rejection);
    this.#state = step.state;
    if (this.#stream === stream) this.#send(step.requests);
  }

  async #apply({ typeUrl, changed }: ClientUpdate): Promise<Rejection | undefined> {
    const server = this.#server;
    const refused: { readonly name: string; readonly reason: string }[] = [];
    for (const { name, version, any } of changed) {
      const incoming = { typeUrl: typeUrls.secret, name, version, bytes: any.value, server };
      const reason =
        typeUrl === typeUrls.secret
          ? await this.#configuration.apply(incoming)
          : `the type ${typeUrl} was not asked for`;
      if (reason !== undefined) refused.push({ name, reason });
    }
    if (refused.length === 0) return undefined;
    return {
      error: refused.map(({ name, reason }) => `${name}: ${reason}`).join('\n'),
      names: refused.map(({ name }) => name),
    };
  }
}
