import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { parseRequest, type SimulatedRequest } from '@lateen/simulation';
import { type EchoedRequest, greeting, idHeader } from './echo-upstreams.ts';
import type { Row } from './table.ts';

/** An answer must come within this time. */
const answerTimeoutMs = 60_000;

/** What a client saw. */
export interface SocketAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** The request as the upstream got it; undefined: the proxy answered itself. */
  readonly upstream: EchoedRequest | undefined;
}

const closed: SocketAnswer = { status: 0, headers: {}, body: '', upstream: undefined };

/** Asked as an app asks its HTTP proxy, or as a client asks a server. */
const targetOf = (row: Row, request: SimulatedRequest): string =>
  row.caller.kind === 'outbound' ? `http://${request.urlAuthority}${request.path}` : request.path;

/** Bytes that are no HTTP; the upstream says who it is and closes. */
const greet = async (port: number): Promise<SocketAnswer> => {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(greeting));
  socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error('no answer in time')));
  socket.setEncoding('latin1');
  let endpoint = '';
  socket.on('data', (text: string) => {
    endpoint += text;
  });
  await once(socket, 'end');
  socket.destroy();
  if (endpoint === '') return closed;
  const upstream = { endpoint, method: '', path: '', authority: '', headers: {} };
  return { status: 200, headers: {}, body: '', upstream };
};

const headerLines = (row: Row, request: SimulatedRequest, requestId: string): readonly string[] => {
  const lines = row.headers.flatMap((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim();
    return name.toLowerCase() === 'host' ? [] : [name, line.slice(colon + 1).trim()];
  });
  const ids = ['x-request-id', requestId, idHeader, requestId];
  return ['host', request.authority, ...ids, ...lines];
};

const responseTo = async (call: http.ClientRequest): Promise<http.IncomingMessage | undefined> => {
  try {
    const [response] = (await once(call, 'response')) as [http.IncomingMessage];
    return response;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
    throw error;
  }
};

/** Sends a row's request to a port of loopback. Rejects when no answer comes in time. */
export const askBySocket = async (
  row: Row,
  port: number,
  requestId: string,
): Promise<SocketAnswer> => {
  const request = parseRequest(row).value;
  if (request === undefined) throw new Error(`${row.name}: ${row.url} cannot be asked`);
  if (request.scheme === 'tcp') return greet(port);
  const options = {
    host: '127.0.0.1',
    port,
    method: row.method,
    path: targetOf(row, request),
    headers: headerLines(row, request, requestId) as never,
    setHost: false,
    agent: false,
    signal: AbortSignal.timeout(answerTimeoutMs),
  } as const;
  const call =
    request.scheme === 'https'
      ? https.request({ ...options, servername: request.serverName, rejectUnauthorized: false })
      : http.request(options);
  call.end();
  const response = await responseTo(call);
  if (response === undefined) return closed;
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
