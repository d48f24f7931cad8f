import type { Node } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { openSecrets } from './ads-channel.ts';
import type { AdsDependencies } from './ads-dependencies.ts';
import { SdsSession } from './sds-session.ts';
import { StreamKeeper } from './stream-keeper.ts';

/** Keeps one stream to one SDS server; secrets that came stay in force while there is none. */
export class SdsClient {
  readonly #session: SdsSession;
  readonly #keeper: StreamKeeper;

  /** `server` is the name of the server's cluster. */
  constructor(server: string, deps: AdsDependencies, node: Node) {
    const { configuration, log } = deps;
    const session = new SdsSession(server, { configuration, log, node });
    this.#session = session;
    this.#keeper = new StreamKeeper({
      cluster: () => configuration.clusters.get(server),
      contexts: deps.contexts,
      dice: deps.dice,
      log,
      what: `secret server ${server}`,
      open: (client) => {
        const stream = openSecrets(client);
        session.attach(stream, () => this.#keeper.answered());
        return stream;
      },
      ended: () => session.detach(),
    });
  }

  start(): void {
    this.#keeper.start();
  }

  /** Subscribes to these names and lets go of all others. */
  want(names: ReadonlySet<string>): void {
    this.#session.want(names);
  }

  stop(): void {
    this.#keeper.stop();
  }
}
