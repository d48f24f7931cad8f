import { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { type ExecClient, TerminalSizes } from './exec-client.ts';
import type { ExecStatus } from './exec-status.ts';
import type { ExecOptions } from './pod-backend.ts';

/** Channel numbers of remotecommand over WebSocket: the first byte of each message. */
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Longest wait for the client to close its side after the outcome was sent. */
const maxCloseWaitMs = 5_000;

/** What a message of the client means; anything else is ignored, as the API server does. */
export type ChannelMessage =
  | { readonly kind: 'stdin'; readonly data: Buffer }
  | { readonly kind: 'stdinEnd' }
  | { readonly kind: 'resize'; readonly text: string }
  | { readonly kind: 'none' };

/** Reads one binary message: v5.channel.k8s.io, of which v4 has no close signal. */
export const parseChannelMessage = (message: Buffer): ChannelMessage => {
  const [channel, closed] = message;
  if (channel === channels.stdin) return { kind: 'stdin', data: message.subarray(1) };
  if (channel === channels.resize) return { kind: 'resize', text: message.toString('utf8', 1) };
  if (channel === channels.close && closed === channels.stdin) return { kind: 'stdinEnd' };
  return { kind: 'none' };
};

const frame = (channel: number, data: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(channel), data]);

const outputOf = (socket: WebSocket, channel: number): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      // The callback comes when the bytes went to the socket: a slow client slows the process.
      socket.send(frame(channel, chunk), (error) => callback(error ?? null));
    },
  });

const toBuffer = (data: Buffer | ArrayBuffer | Buffer[]): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);

/** The client of exec or attach behind a WebSocket with `v5.channel.k8s.io` or `v4.channel.k8s.io`. */
export const channelClient = (socket: WebSocket, options: ExecOptions): ExecClient => {
  const sizes = new TerminalSizes();
  const stdin = options.stdin ? new Readable({ read: () => socket.resume() }) : undefined;
  let stdinEnded = false;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const endStdin = (): void => {
    if (!stdinEnded) stdin?.push(null);
    stdinEnded = true;
  };
  socket.on('message', (data) => {
    const message = parseChannelMessage(toBuffer(data));
    if (message.kind === 'resize') sizes.receive(message.text);
    else if (message.kind === 'stdinEnd') endStdin();
    else if (message.kind === 'stdin' && !stdinEnded && message.data.length > 0) {
      if (stdin?.push(message.data) === false) socket.pause();
    }
  });
  // Malformed frames close the socket; 'close' follows.
  socket.on('error', () => undefined);
  socket.once('close', endStdin);
  const stdout = options.stdout ? outputOf(socket, channels.stdout) : undefined;
  const stderr = options.stderr ? outputOf(socket, channels.stderr) : undefined;
  const first = options.stdout
    ? channels.stdout
    : options.stderr
      ? channels.stderr
      : channels.error;
  // An empty message tells the client that the connection stands.
  socket.send(frame(first, Buffer.alloc(0)), () => undefined);
  return {
    stdin,
    stdout,
    stderr,
    closed,
    onResize: (run) => sizes.listen(run),
    finish: (status: ExecStatus) => {
      socket.resume();
      socket.send(frame(channels.error, Buffer.from(JSON.stringify(status))), () => undefined);
      socket.close(1000);
      const timer = setTimeout(() => socket.terminate(), maxCloseWaitMs);
      timer.unref();
      return closed.finally(() => clearTimeout(timer));
    },
  };
};
