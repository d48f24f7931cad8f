import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { HttpGetAction, Probe } from '@lateen/api';
import { connectTcp } from '../network/tcp-relay.ts';
import { reasonOf } from '../runtime-error.ts';

/** The kubelet names itself so, and Istio knows probes by it. */
const userAgent = 'kube-probe/1.32';
const defaultTimeoutSeconds = 1;

/** Where and how a probe reaches its container. */
export interface ProbeTarget {
  /** Address of a port given by number or name; undefined for an unknown name. */
  address(port: number | string): { readonly host: string; readonly port: number } | undefined;
  /** Runs a command in the container; resolves to its exit code and the beginning of its output. */
  exec(
    command: readonly string[],
    timeoutMs: number,
  ): Promise<{ readonly exitCode: number; readonly output: string }>;
}

/** Outcome of one probe; the message is that of the `Unhealthy` event. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly message: string;
}

const success: ProbeResult = { ok: true, message: '' };
const failure = (message: string): ProbeResult => ({ ok: false, message });

/** GET; any status from 200 to 399 is a success. */
export const httpGet = (
  action: HttpGetAction,
  target: Pick<ProbeTarget, 'address'>,
  timeoutMs: number,
): Promise<ProbeResult> => {
  const address = target.address(action.port);
  if (address === undefined)
    return Promise.resolve(failure(`HTTP probe failed: unknown port "${action.port}"`));
  const secure = action.scheme?.toUpperCase() === 'HTTPS';
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const headers: Record<string, string> = { 'user-agent': userAgent, connection: 'close' };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  const request = (secure ? https : http).get(
    {
      host: action.host ?? address.host,
      port: address.port,
      path: action.path ?? '/',
      headers,
      agent: false,
      rejectUnauthorized: false,
    },
    (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      const ok = status >= 200 && status < 400;
      resolve(ok ? success : failure(`HTTP probe failed with statuscode: ${status}`));
    },
  );
  const timer = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
  request.on('close', () => clearTimeout(timer));
  request.on('error', (error) => resolve(failure(`HTTP probe failed: ${error.message}`)));
  return promise;
};

const withTimeout = async <T>(work: Promise<T>, timeoutMs: number): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
};

const tcpConnect = async (
  port: number | string,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeResult> => {
  const address = target.address(port);
  if (address === undefined) return failure(`TCP probe failed: unknown port "${port}"`);
  try {
    const socket = await withTimeout(connectTcp(address), timeoutMs);
    socket.destroy();
    return success;
  } catch (error) {
    return failure(`TCP probe failed: ${reasonOf(error)}`);
  }
};

const execCommand = async (
  command: readonly string[],
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeResult> => {
  const { exitCode, output } = await target.exec(command, timeoutMs);
  return exitCode === 0 ? success : failure(`exec probe failed: ${output || `exit ${exitCode}`}`);
};

/** `HealthCheckRequest{service}` in its gRPC frame: field 1 is a string. */
const healthRequest = (service: string): Buffer => {
  const name = Buffer.from(service);
  const message =
    name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

/** `HealthCheckResponse{status: SERVING}`: field 1, varint 1. */
const isServing = (frame: Buffer): boolean => frame.length >= 7 && frame[5] === 8 && frame[6] === 1;

/** grpc.health.v1.Health/Check without a gRPC library: one call, one fixed answer. */
const grpcCheck = async (
  { port, service }: NonNullable<Probe['grpc']>,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeResult> => {
  const address = target.address(port);
  if (address === undefined) return failure(`gRPC probe failed: unknown port ${port}`);
  const session = http2.connect(`http://${address.host}:${address.port}`);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<ProbeResult>();
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': userAgent,
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      const serving = isServing(Buffer.concat(chunks));
      resolve(serving ? success : failure('service unhealthy (responded with "NOT_SERVING")'));
    });
    stream.end(healthRequest(service ?? ''));
    return await withTimeout(promise, timeoutMs);
  } catch (error) {
    return failure(`gRPC probe failed: ${reasonOf(error)}`);
  } finally {
    session.destroy();
  }
};

/** One attempt of a probe; never rejects. A probe without a handler succeeds, as the API refuses those. */
export const runProbe = async (probe: Probe, target: ProbeTarget): Promise<ProbeResult> => {
  const timeoutMs = (probe.timeoutSeconds ?? defaultTimeoutSeconds) * 1_000;
  if (probe.httpGet !== undefined) return httpGet(probe.httpGet, target, timeoutMs);
  if (probe.tcpSocket !== undefined) return tcpConnect(probe.tcpSocket.port, target, timeoutMs);
  if (probe.exec !== undefined) return execCommand(probe.exec.command ?? [], target, timeoutMs);
  if (probe.grpc !== undefined) return grpcCheck(probe.grpc, target, timeoutMs);
  return success;
};
