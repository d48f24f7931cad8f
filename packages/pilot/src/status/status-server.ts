import { rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import type { Logger } from '@lateen/base';
import { PilotError } from '../pilot-error.ts';

/** One page of the status server. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Builds a page from the query. A rejection is answered with 500 and logged. */
export type PageBuilder = (query: URLSearchParams) => Page | Promise<Page>;

/** A page of JSON. */
export const jsonPage = (value: unknown, status = 200): Page => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(value, undefined, 2)}\n`,
});

/** A page of plain text. */
export const textPage = (body: string, status = 200): Page => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body,
});

/** A client that sends no request for this long holds a socket for nothing. */
const headersTimeoutMs = 10_000;

/** GET pages by path, over HTTP/1.1. */
export class StatusServer {
  readonly #server: http.Server;

  constructor(pages: Readonly<Record<string, PageBuilder>>, log: Logger) {
    this.#server = http.createServer((request, response) => {
      void answer(pages, request)
        .catch((error: unknown) => {
          log.error('status page failed', { path: request.url ?? '', reason: String(error) });
          return textPage('internal error\n', 500);
        })
        .then(({ status, contentType, body }) => {
          response.writeHead(status, { 'content-type': contentType });
          response.end(body);
        });
    });
    this.#server.headersTimeout = headersTimeoutMs;
  }

  /** Binds `host:port` (port 0: any free one) and returns the port. Rejects with `listen-failed`. */
  async listen(address: string): Promise<number> {
    await this.#bind(splitAddress(address), address);
    return (this.#server.address() as AddressInfo).port;
  }

  /** Binds a Unix socket, replacing what an earlier process left there. Rejects with `listen-failed`. */
  async listenOn(path: string): Promise<void> {
    rmSync(path, { force: true });
    await this.#bind({ path }, path);
  }

  async #bind(options: ListenOptions, address: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', (cause) =>
      reject(
        new PilotError('listen-failed', `cannot serve HTTP on ${address}: ${cause.message}`, {
          cause,
        }),
      ),
    );
    this.#server.listen(options, () => resolve());
    await promise;
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}

/** Splits `host:port` and `[v6]:port`; an empty host means all addresses. Throws `bad-option`. */
const splitAddress = (address: string): { readonly host: string; readonly port: number } => {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new PilotError('bad-option', `"${address}" is not of the form HOST:PORT`);
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port };
};

const answer = async (
  pages: Readonly<Record<string, PageBuilder>>,
  request: http.IncomingMessage,
): Promise<Page> => {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return textPage('only GET is served here\n', 405);
  const url = new URL(request.url ?? '/', 'http://istiod');
  const build = Object.hasOwn(pages, url.pathname) ? pages[url.pathname] : undefined;
  if (build === undefined)
    return textPage(`no such page; there are:\n${Object.keys(pages).join('\n')}\n`, 404);
  return build(url.searchParams);
};
