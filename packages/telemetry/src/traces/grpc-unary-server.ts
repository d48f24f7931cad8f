import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { listenFrom } from '../server/free-port.ts';

/** Exporters send some hundred spans at a time. */
const maxMessageBytes = 8 * 1024 * 1024;
/** Of all calls that are being read, so that many of the largest cannot fill the memory. */
const maxPendingBytes = 64 * 1024 * 1024;
const maxConnections = 512;
const maxStreamsPerConnection = 32;
/** For a whole call; a connection may be silent for as long as it likes, there are only so many. */
const callTimeoutMs = 20_000;

/** Codes of gRPC that are used here. */
export const grpcCode = {
  ok: 0,
  invalidArgument: 3,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const;

/** What came of a call: the answer's message, or why there is none. */
export type UnaryResult =
  | { readonly message: Uint8Array }
  | { readonly code: number; readonly reason: string };

/** Answers one message; `from`: address of the caller. */
export type UnaryMethod = (message: Buffer, from: string) => UnaryResult;

/** Methods by path, `/package.Service/Method`. */
export type UnaryMethods = ReadonlyMap<string, UnaryMethod>;

/** A server that listens. */
export interface UnaryServer {
  readonly port: number;
  close(): Promise<void>;
}

const unzip = promisify(gunzip);

/** Flag and length in front of a message. */
const prefixBytes = 5;

const refuse = (stream: ServerHttp2Stream, code: number, reason: string): void => {
  if (stream.destroyed || stream.headersSent) return;
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-accept-encoding': 'identity,gzip',
      'grpc-status': String(code),
      'grpc-message': encodeURIComponent(reason).replaceAll('%20', ' '),
    },
    { endStream: true },
  );
};

const answer = (stream: ServerHttp2Stream, message: Uint8Array): void => {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  const head = Buffer.alloc(prefixBytes);
  head.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([head, message]));
};

/** The one message of a call, unzipped; undefined: the bytes are none. */
const messageOf = async (
  body: Buffer,
  headers: IncomingHttpHeaders,
): Promise<Buffer | undefined> => {
  if (body.length < prefixBytes || body.readUInt32BE(1) !== body.length - prefixBytes) {
    return undefined;
  }
  const message = body.subarray(prefixBytes);
  if (body[0] === 0) return message;
  if (body[0] !== 1 || headers['grpc-encoding'] !== 'gzip') return undefined;
  try {
    return await unzip(message, { maxOutputLength: maxMessageBytes });
  } catch {
    return undefined;
  }
};

class Calls {
  readonly #methods: UnaryMethods;
  #pendingBytes = 0;

  constructor(methods: UnaryMethods) {
    this.#methods = methods;
  }

  accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => undefined);
    stream.setTimeout(callTimeoutMs, () => stream.close(http2.constants.NGHTTP2_CANCEL));
    const method = this.#methods.get(headers[':path'] ?? '');
    const isGrpc = (headers['content-type'] ?? '').startsWith('application/grpc');
    if (!isGrpc || headers[':method'] !== 'POST') {
      stream.respond({ ':status': 415 }, { endStream: true });
    } else if (method === undefined) {
      refuse(stream, grpcCode.unimplemented, 'no such method');
      stream.resume();
    } else this.#read(stream, headers, method);
  }

  #read(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: UnaryMethod): void {
    const parts: Buffer[] = [];
    let bytes = 0;
    stream.on('data', (part: Buffer) => {
      if (stream.headersSent) return;
      bytes += part.length;
      this.#pendingBytes += part.length;
      const isLarge = bytes > maxMessageBytes + prefixBytes;
      if (!isLarge && this.#pendingBytes <= maxPendingBytes) parts.push(part);
      else {
        parts.length = 0;
        const reason = isLarge ? `a message may have ${maxMessageBytes} bytes` : 'too many calls';
        refuse(stream, grpcCode.resourceExhausted, reason);
      }
    });
    stream.on('close', () => {
      this.#pendingBytes -= bytes;
    });
    stream.on('end', () => {
      if (stream.headersSent || stream.aborted) return;
      void this.#finish(stream, method, messageOf(Buffer.concat(parts), headers));
    });
  }

  async #finish(
    stream: ServerHttp2Stream,
    method: UnaryMethod,
    reading: Promise<Buffer | undefined>,
  ): Promise<void> {
    const message = await reading;
    if (message === undefined) {
      refuse(stream, grpcCode.invalidArgument, 'the message cannot be read');
      return;
    }
    const result = method(message, stream.session?.socket.remoteAddress ?? '');
    if ('message' in result) answer(stream, result.message);
    else refuse(stream, result.code, result.reason);
  }
}

/**
 * Answers unary calls of gRPC over HTTP/2 without TLS. Messages, calls and connections are bounded. A taken port is
 * followed by the next free one (port 0: any). Rejects with TelemetryError `no-free-port`.
 */
export const startUnaryServer = async (
  address: { readonly host: string; readonly port: number },
  methods: UnaryMethods,
): Promise<UnaryServer> => {
  const calls = new Calls(methods);
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer({
    settings: { maxConcurrentStreams: maxStreamsPerConnection },
  });
  server.maxConnections = maxConnections;
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => calls.accept(stream, headers));
  const port = await listenFrom(server, address);
  return {
    port,
    close: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const session of sessions) session.destroy();
      await closed.promise;
    },
  };
};
