import http from 'node:http';
import type { Clock } from '@lateen/base';
import type { PeerAddress } from '../clusters/other-clusters.ts';
import { parseJson } from '../source/url-reader.ts';
import { reasonOf, TelemetryError } from '../telemetry-error.ts';

/** Somebody looks at a page meanwhile. */
const answerTimeoutMs = 2_000;
/** What a quarter of an hour of 500 busy calls takes. */
const maxBytes = 32 * 1024 * 1024;
/** One that did not answer is asked again no sooner. */
const retryMs = 2_000;
/** Questions of several pages at once. */
const maxConnections = 8;

/** The path that any eyes answer. */
export const helloPath = '/hello';

/** The eyes of another cluster. */
export class Peer {
  readonly address: PeerAddress;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: maxConnections });
  #problem = '';
  #triedMs = 0;

  /** `onChange`: it begins to answer, or to be silent. */
  constructor(address: PeerAddress, clock: Clock, onChange: () => void) {
    this.address = address;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Why it does not answer; '' while it does. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * What it answers; undefined when it does not within `timeoutMs`, two seconds by default. Nobody waits for one that did not answer the last
   * time: it is tried beside. Rejects with TelemetryError `too-large` only.
   */
  async ask(path: string, timeoutMs: number = answerTimeoutMs): Promise<unknown> {
    if (this.#problem !== '') {
      this.probe();
      return undefined;
    }
    return this.#try(path, timeoutMs);
  }

  /** Looks whether one that did not answer does again. */
  probe(): void {
    if (this.#problem === '' || this.#clock.nowMs() - this.#triedMs < retryMs) return;
    this.#triedMs = this.#clock.nowMs();
    void this.#try(helloPath, answerTimeoutMs);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #try(path: string, timeoutMs: number): Promise<unknown> {
    try {
      const answer = await this.#get(path, timeoutMs);
      this.#note('');
      return answer;
    } catch (error) {
      if (error instanceof TelemetryError && error.code === 'too-large') throw error;
      this.#triedMs = this.#clock.nowMs();
      this.#note(reasonOf(error));
      return undefined;
    }
  }

  #note(problem: string): void {
    const isOther = (this.#problem === '') !== (problem === '');
    this.#problem = problem;
    if (isOther) this.#onChange();
  }

  async #get(path: string, timeoutMs: number): Promise<unknown> {
    const who = `the eyes of ${this.address.cluster}`;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return parseJson(who, await this.#read(who, path, signal));
    } catch (error) {
      if (error instanceof TelemetryError) throw error;
      const reason = signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error);
      throw new TelemetryError('no-answer', reason, error);
    }
  }

  #read(who: string, path: string, signal: AbortSignal): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const { socket: socketPath } = this.address;
    const request = http.get({ socketPath, path, agent: this.#agent, signal });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > maxBytes)
          request.destroy(new TelemetryError('too-large', `${who}: more than ${maxBytes} bytes`));
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new TelemetryError('bad-answer', `${who}: status ${response.statusCode}`));
      });
    });
    return promise;
  }
}
