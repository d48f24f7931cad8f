import { execFile } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import type { ProbeAction } from './probe-settings.ts';

/** Enough of a failing command's words to know why. */
const maxReasonLength = 200;
/** `grpc.health.v1.HealthCheckResponse.SERVING`: field 1, varint 1. */
const servingAnswer: Buffer = Buffer.from([0x08, 0x01]);

/** Undefined: the app is well; else why it is not. */
type Verdict = string | undefined;

const probeHttp = (
  { url, headers }: Extract<ProbeAction, { kind: 'http' }>,
  timeoutMs: number,
): Promise<Verdict> => {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const module = url.startsWith('https:') ? https : http;
  // The certificate of an app is nobody's business here, as in Kubernetes.
  const options = { headers, timeout: timeoutMs, agent: false, rejectUnauthorized: false };
  const request = module.get(url, options, ({ statusCode = 0 }) => {
    const isWell = statusCode >= 200 && statusCode < 400;
    resolve(isWell ? undefined : `${url} answers ${statusCode}`);
    request.destroy();
  });
  request.on('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
  request.on('error', (error) => resolve(`${url}: ${error.message}`));
  return promise;
};

const probeTcp = (
  { host, port }: Extract<ProbeAction, { kind: 'tcp' }>,
  timeoutMs: number,
): Promise<Verdict> => {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const socket = connect({ host, port });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
  socket.on('connect', () => {
    resolve(undefined);
    socket.destroy();
  });
  socket.on('error', (error) => resolve(`${host}:${port}: ${error.message}`));
  return promise;
};

const probeExec = (
  { command: [program = '', ...args] }: Extract<ProbeAction, { kind: 'exec' }>,
  timeoutMs: number,
): Promise<Verdict> => {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  execFile(program, args, { timeout: timeoutMs, killSignal: 'SIGKILL' }, (error) =>
    resolve(error === null ? undefined : error.message.slice(0, maxReasonLength)),
  );
  return promise;
};

/** `grpc.health.v1.Health/Check`; the request holds the service's name in field 1. */
const probeGrpc = async (
  { port, service }: Extract<ProbeAction, { kind: 'grpc' }>,
  timeoutMs: number,
): Promise<Verdict> => {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const name = Buffer.from(service.slice(0, 127));
  const request =
    name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  client.makeUnaryRequest<Buffer, Buffer>(
    '/grpc.health.v1.Health/Check',
    (bytes) => bytes,
    (bytes) => bytes,
    request,
    { deadline: Date.now() + timeoutMs },
    (error: ServiceError | null, answer?: Buffer) => {
      if (error !== null) resolve(error.message);
      else resolve(answer?.equals(servingAnswer) ? undefined : 'the service is not serving');
    },
  );
  try {
    return await promise;
  } finally {
    client.close();
  }
};

/** Checks the app once; never rejects. */
export const runProbe = (action: ProbeAction, timeoutMs: number): Promise<Verdict> => {
  switch (action.kind) {
    case 'http':
      return probeHttp(action, timeoutMs);
    case 'tcp':
      return probeTcp(action, timeoutMs);
    case 'exec':
      return probeExec(action, timeoutMs);
    case 'grpc':
      return probeGrpc(action, timeoutMs);
  }
};
