import { createServer, type Server, type ServerResponse } from 'node:http';
import { AgentError } from '../agent-error.ts';
import type { AdminAnswer, EnvoyAdmin } from './envoy-admin.ts';

/** Ports of Istio's agent: metrics (the app's are not among them), readiness, Envoy's metrics. */
const ports = [15_020, 15_021, 15_090] as const;

/** Longest a client may take to send its request. */
const requestTimeoutMs = 10_000;

const plain = (status: number, body: string): AdminAnswer => ({
  status,
  contentType: 'text/plain; charset=UTF-8',
  body,
});

/**
 * What kubelets and Prometheus ask on the pod's address: readiness as Istio's agent knows it (Envoy is live,
 * and has taken clusters and listeners once), and Envoy's metrics.
 */
export class EnvoyStatus {
  readonly #admin: EnvoyAdmin;
  readonly #servers: Server[] = [];
  #hadConfiguration = false;
  #isDraining = false;

  constructor(admin: EnvoyAdmin) {
    this.#admin = admin;
  }

  /** Binds all ports. Rejects with AgentError `listen-failed`. */
  async listen(host: string): Promise<void> {
    for (const port of ports) {
      const server = createServer(({ url }, response) => void this.#respond(url, response));
      server.requestTimeout = requestTimeoutMs;
      this.#servers.push(server);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', (cause) =>
        reject(
          new AgentError('listen-failed', `cannot listen on ${host}:${port}: ${cause.message}`, {
            cause,
          }),
        ),
      );
      server.listen({ host, port }, resolve);
      await promise;
    }
  }

  /** Readiness says no from now on. */
  markDraining(): void {
    this.#isDraining = true;
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #respond(url: string | undefined, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(url?.split('?')[0] ?? '').catch((error: unknown) =>
      plain(503, `${error instanceof Error ? error.message : String(error)}\n`),
    );
    response.writeHead(answer.status, { 'content-type': answer.contentType }).end(answer.body);
  }

  async #answer(path: string): Promise<AdminAnswer> {
    if (path === '/healthz/ready') return this.#readiness();
    if (path !== '/stats/prometheus' && path !== '/metrics') return plain(404, '');
    return this.#admin.ask('/stats/prometheus');
  }

  async #readiness(): Promise<AdminAnswer> {
    if (this.#isDraining) return plain(503, 'draining\n');
    if (!this.#hadConfiguration) {
      const taken = await this.#admin.numbers('(cds|lds).update_success$');
      this.#hadConfiguration = taken.size >= 2 && [...taken.values()].every((count) => count > 0);
    }
    if (!this.#hadConfiguration) return plain(503, 'no configuration yet\n');
    return this.#admin.ask('/ready');
  }
}
