import type net from 'node:net';
import { maxClientHelloBytes, parseClientHello, wantedHelloBytes } from './client-hello.ts';

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

/** What the bytes tell, or how many there must be before they may tell more. */
const inspectBytes = (bytes: Buffer): Inspection | number => {
  const hello = parseClientHello(bytes);
  if (hello === 'incomplete' && bytes.length < maxClientHelloBytes) return wantedHelloBytes(bytes);
  if (hello !== undefined && hello !== 'incomplete') {
    const { serverName, alpn } = hello;
    return { transportProtocol: 'tls', serverName, applicationProtocols: alpn, bytes };
  }
  const protocols = probeHttp(bytes);
  if (protocols === undefined) return bytes.length + 1;
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
  let pieces: Buffer[] = [];
  let length = 0;
  let wanted = 0;
  const finish = (result: Inspection): void => {
    clearTimeout(timer);
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('error', onError);
    socket.pause();
    options.done(result);
  };
  const joined = (): Buffer => {
    const [only] = pieces;
    const all = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
    pieces = [all];
    return all;
  };
  const onData = (chunk: Buffer): void => {
    pieces.push(chunk);
    length += chunk.length;
    if (length < wanted) return;
    const result = inspectBytes(joined());
    if (typeof result === 'number') wanted = result;
    else finish(result);
  };
  const onEnd = (): void => {
    clearTimeout(timer);
    socket.destroy();
  };
  const onError = (): void => clearTimeout(timer);
  const onTimeout = (): void => {
    if (options.continueOnTimeout) finish(silent(joined()));
    else socket.destroy();
  };
  const timer = options.timeoutMs > 0 ? setTimeout(onTimeout, options.timeoutMs) : undefined;
  timer?.unref();
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('error', onError);
};
