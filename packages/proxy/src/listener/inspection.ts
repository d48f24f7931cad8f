import type net from 'node:net';
import { maxClientHelloBytes, parseClientHello } from './client-hello.ts';

/** What the first bytes of a connection told. */
export interface Inspection {
  readonly transportProtocol: 'tls' | 'raw_buffer';
  readonly serverName: string;
  readonly applicationProtocols: readonly string[];
  /** Bytes read so far: they belong to whoever takes the connection. */
  readonly bytes: Buffer;
}

const http2Preface = 'PRI * HTTP/2.0';
const methodPattern = /^[A-Z]{3,20} \S/;
/** Longest prefix that decides whether it is HTTP. */
const httpProbeBytes = 24;

/** HTTP by the first bytes (`http_inspector`): `undefined` when undecided. */
const probeHttp = (bytes: Buffer): readonly string[] | undefined => {
  const text = bytes.toString('latin1', 0, httpProbeBytes);
  if (http2Preface.startsWith(text.slice(0, http2Preface.length))) {
    return text.length >= http2Preface.length ? ['h2c'] : undefined;
  }
  if (methodPattern.test(text)) return ['http/1.1'];
  return text.length < httpProbeBytes && /^[A-Z]*$/.test(text) ? undefined : [];
};

const inspectBytes = (bytes: Buffer): Inspection | undefined => {
  const hello = parseClientHello(bytes);
  if (hello === 'incomplete' && bytes.length < maxClientHelloBytes) return undefined;
  if (hello !== undefined && hello !== 'incomplete') {
    const { serverName, alpn } = hello;
    return { transportProtocol: 'tls', serverName, applicationProtocols: alpn, bytes };
  }
  const protocols = probeHttp(bytes);
  if (protocols === undefined) return undefined;
  return {
    transportProtocol: 'raw_buffer',
    serverName: '',
    applicationProtocols: protocols,
    bytes,
  };
};

/** What is known of a connection that said nothing (server-first protocols, after the time-out). */
const silent = (bytes: Buffer): Inspection => ({
  transportProtocol: 'raw_buffer',
  serverName: '',
  applicationProtocols: [],
  bytes,
});

/** Waiting for the first bytes. */
export interface InspectionOptions {
  /** 0: for ever. */
  readonly timeoutMs: number;
  /** After the time-out go on with what is known, else close. */
  readonly continueOnTimeout: boolean;
  done(inspection: Inspection): void;
}

/** Looks at the first bytes of a connection without consuming them, then hands it on paused. */
export const inspect = (socket: net.Socket, options: InspectionOptions): void => {
  let seen = Buffer.alloc(0);
  const finish = (result: Inspection): void => {
    clearTimeout(timer);
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('error', onError);
    socket.pause();
    options.done(result);
  };
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? (chunk as Buffer<ArrayBuffer>) : Buffer.concat([seen, chunk]);
    const result = inspectBytes(seen);
    if (result !== undefined) finish(result);
  };
  const onEnd = (): void => {
    clearTimeout(timer);
    socket.destroy();
  };
  const onError = (): void => clearTimeout(timer);
  const onTimeout = (): void => {
    if (options.continueOnTimeout) finish(silent(seen));
    else socket.destroy();
  };
  const timer = options.timeoutMs > 0 ? setTimeout(onTimeout, options.timeoutMs) : undefined;
  timer?.unref();
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('error', onError);
};
