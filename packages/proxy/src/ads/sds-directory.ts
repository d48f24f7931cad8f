import type { Node } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { AdsDependencies } from './ads-dependencies.ts';
import type { SdsClient } from './sds-client.ts';

/** Servers kept streams to at most; a mesh has one. More are refused with a warning. */
const maxServers = 16;

/** Keeps a stream to every SDS server that clusters and listeners name. */
export class SdsDirectory {
  readonly #deps: AdsDependencies;
  readonly #node: Node;
  readonly #clients = new Map<string, SdsClient>();
  #scheduled = false;
  #stopped = false;

  constructor(deps: AdsDependencies, node: Node) {
    this.#deps = deps;
    this.#node = node;
    deps.configuration.onReferences(() => this.#schedule());
  }

  /** Many resources come at once: their references are looked at together. */
  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#follow();
    });
  }

  async #follow(): Promise<void> {
    const { configuration } = this.#deps;
    const servers = configuration.secretServers;
    for (const server of servers) if (!this.#clients.has(server)) await this.#open(server);
    for (const [server, client] of this.#clients) {
      client.want(configuration.secretNames(server));
      if (servers.has(server)) continue;
      client.stop();
      this.#clients.delete(server);
    }
  }

  async #open(server: string): Promise<void> {
    // gRPC takes a good part of the start-up time; a proxy without SDS does without.
    const { SdsClient: Client } = await import('./sds-client.ts');
    if (this.#stopped || this.#clients.has(server)) return;
    if (this.#clients.size >= maxServers) {
      this.#deps.log.error('too many secret servers, this one is left out', { server });
      return;
    }
    const client = new Client(server, this.#deps, this.#node);
    this.#clients.set(server, client);
    client.want(this.#deps.configuration.secretNames(server));
    client.start();
  }

  stop(): void {
    this.#stopped = true;
    for (const client of this.#clients.values()) client.stop();
    this.#clients.clear();
  }
}
