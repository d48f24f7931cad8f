import { once } from 'node:events';
import http from 'node:http';
import { parseRequest, type SimulatedRequest } from '@lateen/simulation';
import type { EchoedRequest } from './echo-upstreams.ts';
import type { Row } from './table.ts';

/** An answer must come within this time. */
const answerTimeoutMs = 10_000;

/** What a client saw. */
export interface SocketAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** The request as the upstream got it; undefined: the proxy answered itself. */
  readonly upstream: EchoedRequest | undefined;
}

/** Asked as an app asks its HTTP proxy, or as a client asks a server. */
const targetOf = (row: Row, request: SimulatedRequest): string =>
  row.caller.kind === 'outbound' ? `http://${request.urlAuthority}${request.path}` : request.path;

/** Sends a row's request to a port of loopback. */
export const askBySocket = async (
  row: Row,
  port: number,
  requestId: string,
): Promise<SocketAnswer> => {
  const request = parseRequest(row).value;
  if (request === undefined) throw new Error(`${row.name}: ${row.url} cannot be asked`);
  const lines = row.headers.flatMap((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim();
    return name.toLowerCase() === 'host' ? [] : [name, line.slice(colon + 1).trim()];
  });
  const call = http.request({
    host: '127.0.0.1',
    port,
    method: row.method,
    path: targetOf(row, request),
    headers: ['host', request.authority, 'x-request-id', requestId, ...lines] as never,
    setHost: false,
    agent: false,
    signal: AbortSignal.timeout(answerTimeoutMs),
  });
  call.end();
  const [response] = (await once(call, 'response')) as [http.IncomingMessage];
  response.setEncoding('utf8');
  const body = (await response.toArray()).join('');
  const got = response.headers['x-got'];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    upstream:
      typeof got === 'string' ? (JSON.parse(decodeURIComponent(got)) as EchoedRequest) : undefined,
  };
};
