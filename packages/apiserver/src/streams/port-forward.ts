import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SpdySession } from './spdy/spdy-session.ts';
import type { SpdyStream } from './spdy/spdy-stream.ts';
import { toApiError } from './stream-failure.ts';
import type { StreamTarget } from './stream-target.ts';

/** Connections whose second stream has not come yet. */
const maxHalfOpen = 256;

const portOf = (stream: SpdyStream): number | undefined => {
  const text = stream.headers['port'] ?? '';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
};

/** The text kubectl prints; it wraps it in "an error occurred forwarding". */
const reasonOf = (error: unknown): string =>
  error instanceof Error && !('httpCode' in error) ? error.message : toApiError(error).message;

/** One forwarded connection: dials the pod and copies both ways, half-closes included. */
const forward = async (
  target: StreamTarget,
  port: number,
  data: SpdyStream,
  failure: SpdyStream,
): Promise<void> => {
  let connection: Duplex;
  try {
    connection = await target.pods.dial(target.ref, port);
  } catch (error) {
    failure.end(`error forwarding port ${port} to pod ${target.ref.name}: ${reasonOf(error)}`);
    data.end();
    data.resume();
    return;
  }
  data.once('close', () => connection.destroy());
  await Promise.allSettled([pipeline(data, connection), pipeline(connection, data)]);
  failure.end();
};

/**
 * Serves port-forward on a SPDY connection: for each connection the client opens a stream for errors
 * and one for data, paired by `requestid`. Returns when the client left.
 */
export const servePortForward = (
  transport: Duplex,
  head: Buffer,
  target: StreamTarget,
): Promise<void> => {
  const halfOpen = new Map<string, SpdyStream>();
  const onStream = (stream: SpdyStream): void => {
    const { streamtype = '', requestid = '' } = stream.headers;
    const port = portOf(stream);
    const isKnown = streamtype === 'error' || streamtype === 'data';
    const other = halfOpen.get(requestid);
    const isPair = other !== undefined && other.headers['streamtype'] !== streamtype;
    if (!isKnown || port === undefined || (!isPair && halfOpen.size >= maxHalfOpen)) {
      stream.destroy();
      return;
    }
    if (streamtype === 'error') stream.resume();
    if (!isPair) {
      other?.destroy();
      halfOpen.set(requestid, stream);
      stream.once('close', () => {
        if (halfOpen.get(requestid) === stream) halfOpen.delete(requestid);
      });
      return;
    }
    halfOpen.delete(requestid);
    const [data, failure] = streamtype === 'data' ? [stream, other] : [other, stream];
    // Failures of one connection are told on its error stream.
    forward(target, port, data, failure).catch(() => undefined);
  };
  return new SpdySession({ transport, head, onStream }).closed;
};
