import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import type { AuthorizationCase, Verdict } from './case-table.ts';
import { flawedIdentity, identityOf } from './mesh-certificates.ts';
import { placeToken } from './simulated-verdict.ts';
import type { Endpoint } from './socket-verdict.ts';

/** An answer must come within this time. */
const answerTimeoutMs = 60_000;

/** As the mesh's clients speak HTTP/2. */
const alpn = ['istio-h2', 'istio', 'h2'];

const connect = (
  { principal, flaw, source }: AuthorizationCase,
  { address, port }: Endpoint,
): net.Socket | tls.TLSSocket => {
  const place = { host: address, port, localAddress: source };
  if (principal === undefined) return net.connect(place);
  return tls.connect({
    ...place,
    ...(flaw === undefined ? identityOf(principal) : flawedIdentity(principal, flaw)),
    rejectUnauthorized: false,
    servername: `outbound_.${port}_._.web.default.svc.cluster.local`,
    ALPNProtocols: alpn,
  });
};

const headersOf = (one: AuthorizationCase, nowSeconds: number): http2.OutgoingHttpHeaders => {
  const { path, headers } = placeToken(one, nowSeconds);
  const lines: Record<string, string | string[]> = {
    ':method': one.method,
    ':scheme': 'http',
    ':authority': one.host,
    ':path': path,
  };
  for (const line of headers) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const before = lines[name];
    lines[name] =
      before === undefined
        ? line.slice(colon + 1).trim()
        : [before, line.slice(colon + 1).trim()].flat();
  }
  return lines;
};

const grpcStatuses: Readonly<Record<string, Verdict>> = { '7': 403, '16': 401, '12': 404 };

const statusOf = (headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader): Verdict =>
  grpcStatuses[String(headers['grpc-status'] ?? '')] ?? ((headers[':status'] ?? 0) as Verdict);

/** What a client sees that sends the request of a case by HTTP/2. */
export const http2Verdict = async (
  one: AuthorizationCase,
  endpoint: Endpoint,
  nowSeconds: number,
): Promise<Verdict> => {
  const socket = connect(one, endpoint);
  const session = http2.connect(`http://${endpoint.address}:${endpoint.port}`, {
    createConnection: () => socket,
  });
  const failed = new Promise<'refused'>((resolve) => {
    session.on('error', () => resolve('refused'));
    session.on('close', () => resolve('refused'));
    socket.on('error', () => resolve('refused'));
  });
  const answered = async (): Promise<Verdict> => {
    const stream = session.request(headersOf(one, nowSeconds), { endStream: true });
    stream.setTimeout(answerTimeoutMs, () => stream.close());
    stream.on('error', () => undefined);
    const closed = once(stream, 'close').then((): Verdict => 'refused');
    const response = once(stream, 'response').then(([headers]) =>
      statusOf(headers as http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader),
    );
    response.catch(() => undefined);
    const verdict = await Promise.race([response, closed]);
    stream.resume();
    await closed;
    return verdict;
  };
  try {
    return await Promise.race([answered().catch((): Verdict => 'refused'), failed]);
  } finally {
    session.destroy();
    socket.destroy();
  }
};
