import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { parseOtlpLogs, parseOtlpLogsJson } from '../logs/otlp-logs.ts';
import type { ReceivedLog } from '../logs/received-log.ts';
import { listenFrom } from '../server/free-port.ts';
import { readBody } from '../server/request-body.ts';
import { parseOtlpJson } from './otlp-json.ts';
import { parseOtlpProtobuf } from './otlp-protobuf.ts';
import type { ReceivedSpan } from './received-span.ts';
import { parseZipkin } from './zipkin-json.ts';

/** Exporters send some hundred spans at a time. */
const maxBodyBytes = 8 * 1024 * 1024;
const maxConnections = 512;
const requestTimeoutMs = 20_000;

/** Ports by custom: OTLP over HTTP, and Zipkin. */
export const otlpPort = 4318;
export const zipkinPort = 9411;

const unzip = promisify(gunzip);

/** What was understood of a body. */
interface ReadItems {
  readonly spans: readonly ReceivedSpan[];
  readonly logs?: readonly ReceivedLog[];
  readonly rejected: number;
}

/** A refusal, or spans and logs. */
type ReadResult = { readonly status: number; readonly message: string } | ReadItems;

const json = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

const mediaType = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

const protobufType = 'application/x-protobuf';
const jsonType = 'application/json';

const unreadable = { status: 400, message: 'the body cannot be read' } as const;

const readOtlp = (type: string, body: Buffer): ReadResult => {
  if (type === protobufType) return parseOtlpProtobuf(body) ?? unreadable;
  if (type !== jsonType) return { status: 415, message: `use ${protobufType} or ${jsonType}` };
  const value = json(body);
  return value === undefined ? unreadable : parseOtlpJson(value);
};

/** A page of another site cannot send JSON without asking first, so only JSON is taken. */
const readZipkin = (type: string, body: Buffer): ReadResult => {
  if (type !== jsonType) return { status: 415, message: `use ${jsonType}` };
  const value = json(body);
  return Array.isArray(value) ? parseZipkin(value) : unreadable;
};

const readLogs = (type: string, body: Buffer, from: string): ReadResult => {
  if (type !== protobufType && type !== jsonType) {
    return { status: 415, message: `use ${protobufType} or ${jsonType}` };
  }
  const logs =
    type === jsonType ? parseOtlpLogsJson(body.toString('utf8'), from) : parseOtlpLogs(body, from);
  return logs === undefined ? unreadable : { spans: [], logs, rejected: 0 };
};

const paths: Readonly<Record<string, (type: string, body: Buffer, from: string) => ReadResult>> = {
  '/v1/traces': readOtlp,
  '/v1/logs': readLogs,
  '/api/v2/spans': readZipkin,
};

const inflate = async (request: IncomingMessage, body: Buffer): Promise<Buffer | undefined> => {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') return undefined;
  try {
    return await unzip(body, { maxOutputLength: maxBodyBytes });
  } catch {
    return undefined;
  }
};

const refuse = (response: ServerResponse, status: number, message: string): void => {
  response.writeHead(status, { 'content-type': jsonType });
  response.end(JSON.stringify({ code: status, message }));
};

/** OTLP's answers: an empty `ExportTraceServiceResponse`, or how many spans were not taken; Zipkin's is 202. */
const accept = (
  response: ServerResponse,
  {
    path,
    type,
    rejected,
  }: { readonly path: string; readonly type: string; readonly rejected: number },
): void => {
  if (!path.startsWith('/v1/')) response.writeHead(202).end();
  else if (type === protobufType) response.writeHead(200, { 'content-type': protobufType }).end();
  else {
    const partial = { rejectedSpans: String(rejected), errorMessage: 'spans without ids' };
    response.writeHead(200, { 'content-type': jsonType });
    response.end(JSON.stringify(rejected === 0 ? {} : { partialSuccess: partial }));
  }
};

/** Who gets what is received. */
export interface Takers {
  readonly takeSpan: (span: ReceivedSpan) => void;
  readonly takeLog: (log: ReceivedLog) => void;
}

const takeAll = ({ spans, logs }: ReadItems, { takeSpan, takeLog }: Takers): void => {
  for (const span of spans) takeSpan(span);
  for (const log of logs ?? []) takeLog(log);
};

const receive = async (
  request: IncomingMessage,
  response: ServerResponse,
  takers: Takers,
): Promise<void> => {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const read = paths[path];
  if (read === undefined || request.method !== 'POST') {
    request.resume();
    const known = Object.keys(paths).join(' or ');
    refuse(response, read === undefined ? 404 : 405, `POST spans and logs to ${known}`);
    return;
  }
  const { bytes } = await readBody(request, maxBodyBytes);
  if (bytes === undefined) {
    refuse(response, 413, `a request may have ${maxBodyBytes} bytes`);
    return;
  }
  const body = await inflate(request, bytes);
  const type = mediaType(request);
  const from = request.socket.remoteAddress ?? '';
  const result = body === undefined ? unreadable : read(type, body, from);
  if ('status' in result) {
    refuse(response, result.status, result.message);
    return;
  }
  takeAll(result, takers);
  accept(response, { path, type, rejected: result.rejected });
};

/** A receiver that listens. */
export interface SpanReceiver {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Takes spans and logs over HTTP: OTLP (JSON and protobuf) at `/v1/traces` and `/v1/logs`, Zipkin v2 at `/api/v2/spans`, both on each port.
 * A taken port is followed by the next free one (port 0: any). Rejects with TelemetryError `no-free-port`.
 */
export const startSpanReceiver = async (
  address: { readonly host: string; readonly port: number },
  takers: Takers,
): Promise<SpanReceiver> => {
  const server = http.createServer((request, response) => {
    receive(request, response, takers).catch(() => response.destroy());
  });
  server.requestTimeout = requestTimeoutMs;
  server.maxConnections = maxConnections;
  const port = await listenFrom(server, address);
  return {
    port,
    close: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
};
