import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type ExecClient, TerminalSizes } from './exec-client.ts';
import type { ExecOptions } from './pod-backend.ts';
import { SpdySession } from './spdy/spdy-session.ts';
import type { SpdyStream } from './spdy/spdy-stream.ts';

/** Versions of remotecommand over SPDY, best first. v4 reports exit codes, v3 resizes, v2 has no terminal size. */
export const remoteCommandVersions: readonly string[] = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
];

/** The client opens its streams right after the upgrade; one that does not is dropped (Kubernetes: 30 s). */
const maxStreamWaitMs = 30_000;
/** Bytes of one resize message: two small numbers. */
const maxResizeBytes = 4_096;

const expectedStreams = (options: ExecOptions, version: string): readonly string[] => [
  'error',
  ...(options.stdin ? ['stdin'] : []),
  ...(options.stdout ? ['stdout'] : []),
  ...(options.stderr && !options.tty ? ['stderr'] : []),
  ...(options.tty && version !== 'v2.channel.k8s.io' ? ['resize'] : []),
];

/** Resizes are JSON objects one after the other, in pieces of any size. */
const readResizes = (stream: SpdyStream, sizes: TerminalSizes): void => {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('}'); end !== -1; end = text.indexOf('}')) {
      sizes.receive(text.slice(0, end + 1));
      text = text.slice(end + 1);
    }
    if (text.length > maxResizeBytes) stream.destroy();
  });
};

/** Streams the client opens, by their `streamtype`, once all are there. */
const collectStreams = (
  transport: Duplex,
  head: Buffer,
  names: readonly string[],
): { session: SpdySession; streams: Promise<ReadonlyMap<string, SpdyStream>> } => {
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, SpdyStream>>();
  const streams = new Map<string, SpdyStream>();
  const session = new SpdySession({
    transport,
    head,
    onStream: (stream) => {
      const name = stream.headers['streamtype'] ?? '';
      if (!names.includes(name) || streams.has(name)) stream.destroy();
      else streams.set(name, stream);
      if (streams.size === names.length) resolve(streams);
    },
  });
  const timer = setTimeout(() => session.destroy(), maxStreamWaitMs);
  timer.unref();
  const gone = session.closed.then(() => reject(new Error('the client left')));
  gone.catch(() => undefined);
  const settled = promise.finally(() => clearTimeout(timer));
  return { session, streams: settled };
};

const reportOutcome = async (
  session: SpdySession,
  streams: readonly SpdyStream[],
): Promise<void> => {
  for (const stream of streams) stream.end();
  // A stream that was reset has nothing more to write.
  await Promise.allSettled(streams.map((stream) => finished(stream, { readable: false })));
  await session.close();
};

/**
 * The client of exec or attach behind a SPDY connection that was just upgraded.
 * Rejects when the client leaves before it opened its streams.
 */
export const spdyExecClient = async (
  transport: Duplex,
  head: Buffer,
  options: ExecOptions,
  version: string,
): Promise<ExecClient> => {
  const { session, streams } = collectStreams(transport, head, expectedStreams(options, version));
  const opened = await streams;
  const [stdout, stderr, error] = ['stdout', 'stderr', 'error'].map((name) => opened.get(name));
  // The client half-closes what it only reads from; unread, that would never be noticed.
  for (const stream of [stdout, stderr, error]) stream?.resume();
  const sizes = new TerminalSizes();
  const resize = opened.get('resize');
  if (resize !== undefined) readResizes(resize, sizes);
  return {
    stdin: opened.get('stdin'),
    stdout,
    stderr,
    closed: session.closed,
    onResize: (run) => sizes.listen(run),
    finish: (status) => {
      if (status.status === 'Failure' || version === 'v4.channel.k8s.io')
        error?.write(version === 'v4.channel.k8s.io' ? JSON.stringify(status) : status.message);
      return reportOutcome(
        session,
        [stdout, stderr, error, resize].filter((one) => one !== undefined),
      );
    },
  };
};
