import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { greeting } from '../echo-upstreams.ts';
import type { AuthorizationCase, Verdict } from './case-table.ts';
import { flawedIdentity, identityOf } from './mesh-certificates.ts';
import { placeToken } from './simulated-verdict.ts';

/** An answer must come within this time. */
const answerTimeoutMs = 60_000;

const protocols = {
  http: ['istio-http/1.1', 'istio', 'http/1.1'],
  tcp: ['istio-peer-exchange', 'istio'],
} as const;

/** Where a proxy listens. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Connects as the client of a case: its address, its certificate. */
export const connectAs = (
  { principal, flaw, source, isTcp }: AuthorizationCase,
  { address, port }: Endpoint,
): net.Socket => {
  const place = { host: address, port, localAddress: source };
  if (principal === undefined) return net.connect(place);
  return tls.connect({
    ...place,
    ...(flaw === undefined ? identityOf(principal) : flawedIdentity(principal, flaw)),
    rejectUnauthorized: false,
    servername: `outbound_.${port}_._.web.default.svc.cluster.local`,
    ALPNProtocols: [...protocols[isTcp ? 'tcp' : 'http']],
  });
};

/** Whether the whole of a response whose length is told has come. */
const isWhole = (answer: string): boolean => {
  const end = answer.indexOf('\r\n\r\n');
  const length = /^content-length: *(\d+)\r?$/im.exec(answer.slice(0, Math.max(end, 0)))?.[1];
  return length !== undefined && answer.length >= end + 4 + Number(length);
};

/**
 * What a connection answers: of one request its response, else everything until it ends; '' when it fails.
 * Envoy leaves a connection that it will close open for another second.
 */
const answerTo = async (
  socket: net.Socket,
  bytes: string,
  isOneRequest: boolean,
): Promise<string> => {
  const ready = socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect';
  let answer = '';
  socket.setTimeout(answerTimeoutMs, () => socket.destroy());
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    answer += text;
    if (isOneRequest && isWhole(answer)) socket.destroy();
  });
  socket.on('error', () => socket.destroy());
  socket.once(ready, () => socket.write(bytes, 'latin1'));
  // A reset, or the alert that refuses a certificate, is an answer too: none.
  await once(socket, 'close').catch(() => undefined);
  return answer;
};

const requestBytes = (one: AuthorizationCase, nowSeconds: number): string => {
  if (one.isTcp) return greeting;
  if (one.raw !== undefined) return one.raw.replaceAll('\n', '\r\n');
  const { path, headers } = placeToken(one, nowSeconds);
  const isUpgrade = headers.some((line) => /^upgrade:/i.test(line));
  const lines = [
    `${one.method} ${path} HTTP/1.1`,
    `host: ${one.host}`,
    ...headers,
    ...(isUpgrade ? [] : ['connection: close']),
    ...(one.method === 'POST' || one.method === 'PUT' ? ['content-length: 0'] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
};

/** Refusals of gRPC come with HTTP status 200. */
const grpcStatuses: Readonly<Record<string, Verdict>> = { '7': 403, '16': 401, '12': 404 };

const statusOf = (answer: string): Verdict => {
  const [head = ''] = answer.split('\r\n\r\n', 1);
  const grpc = /^grpc-status: *(\d+)/im.exec(head)?.[1];
  const known = grpc === undefined ? undefined : grpcStatuses[grpc];
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  return known ?? (status === undefined ? 'refused' : (Number(status) as Verdict));
};

/** What a client sees that sends the request of a case. */
export const socketVerdict = async (
  one: AuthorizationCase,
  endpoint: Endpoint,
  nowSeconds: number,
): Promise<Verdict> => {
  const socket = connectAs(one, endpoint);
  const isOneRequest = !one.isTcp && one.raw === undefined;
  const answer = await answerTo(socket, requestBytes(one, nowSeconds), isOneRequest);
  if (one.isTcp) return answer === '' ? 'refused' : 200;
  return statusOf(answer);
};
