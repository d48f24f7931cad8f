import { Agent, type ClientRequest, type RequestOptions, request } from 'node:http';
import { bypassesProxy, type HttpProxy, noProxyFromEnv, proxyFromEnv } from './proxy-choice.ts';

/** Longest answer a sample takes: all of Bookinfo's are below 2 KiB. */
const MAX_ANSWER_BYTES = 1 << 20;

/** Connections to one peer; a pod's proxy is the only peer, so this is the most calls at a time, the others wait within their time-out. */
const MAX_SOCKETS = 512;

/** What a call came to: an answer with any status, or the reason there is none. */
export type OutboundResult =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'failure'; readonly reason: 'timeout' | 'connection'; readonly text: string };

/** How one call is made. */
export interface OutboundCall {
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole call, from connecting to the last byte, in milliseconds. */
  readonly timeoutMs: number;
}

/** HTTP calls to other services, through the proxy that the environment names. */
export class OutboundHttp {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' });
  readonly #proxy: HttpProxy | undefined;
  readonly #noProxy: readonly string[];

  /** @param env where `http_proxy`, `no_proxy` and their upper-case twins are read, once */
  constructor(env: NodeJS.ProcessEnv) {
    this.#proxy = proxyFromEnv(env);
    this.#noProxy = noProxyFromEnv(env);
  }

  /** Makes a GET call; never rejects. */
  async get(url: string, call: OutboundCall): Promise<OutboundResult> {
    const deadline = AbortSignal.timeout(call.timeoutMs);
    const options = this.#options(new URL(url), call);
    const first = await exchange(options, deadline);
    // The peer may close a kept connection at the very moment it is used again; RFC 9110 9.2.2 allows to repeat a GET.
    if (first === 'stale connection') {
      const second = await exchange({ ...options, agent: false }, deadline);
      if (second !== 'stale connection') return second;
      return { kind: 'failure', reason: 'connection', text: 'connection closed twice' };
    }
    return first;
  }

  /** Closes the idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  #options(url: URL, call: OutboundCall): RequestOptions {
    const headers = { accept: 'application/json', ...call.headers, host: url.host };
    if (this.#proxy !== undefined && !bypassesProxy(url, this.#noProxy)) {
      return { ...this.#proxy, path: url.href, headers, agent: this.#agent };
    }
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const path = url.pathname + url.search;
    return { host, port: url.port || 80, path, headers, agent: this.#agent };
  }
}

function exchange(
  options: RequestOptions,
  deadline: AbortSignal,
): Promise<OutboundResult | 'stale connection'> {
  return new Promise((resolve) => {
    const fail = (error: Error): void => {
      // Once the answer has begun, Node reports an abort as a connection reset.
      const reason = deadline.aborted ? 'timeout' : 'connection';
      resolve({ kind: 'failure', reason, text: error.message });
    };
    const outgoing = request({ ...options, signal: deadline }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_ANSWER_BYTES) {
          outgoing.destroy(new Error(`answer longer than ${MAX_ANSWER_BYTES} bytes`));
        }
      });
      response.on('end', () => resolve({ kind: 'answer', status: response.statusCode ?? 0, body }));
      response.on('error', fail);
    });
    outgoing.on('error', (error) => {
      if (isStale(outgoing, error)) resolve('stale connection');
      else fail(error);
    });
    outgoing.end();
  });
}

function isStale(outgoing: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
