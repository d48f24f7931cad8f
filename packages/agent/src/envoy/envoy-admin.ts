import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/** Pages of Envoy's own admin server are there at once or not at all. */
const timeoutMs = 5_000;

/** What an admin page answers. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Envoy's admin pages on the Unix socket of its bootstrap. */
export class EnvoyAdmin {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Rejects when Envoy is not there, or does not answer. */
  async ask(path: string, method: 'GET' | 'POST' = 'GET'): Promise<AdminAnswer> {
    const signal = AbortSignal.timeout(timeoutMs);
    const call = request({ socketPath: this.#socketPath, path, method, signal });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const body = (await response.setEncoding('utf8').toArray()).join('');
    const { statusCode: status = 0, headers } = response;
    return { status, contentType: headers['content-type'] ?? 'text/plain', body };
  }

  /** Numbers by the name of a counter or gauge, of all whose name the regular expression finds. */
  async numbers(pattern: string): Promise<ReadonlyMap<string, number>> {
    const { body } = await this.ask(`/stats?filter=${encodeURIComponent(pattern)}`);
    return new Map(
      [...body.matchAll(/^(\S+): (\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
    );
  }
}
