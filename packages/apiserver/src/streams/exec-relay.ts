import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExecClient } from './exec-client.ts';
import { exitStatus, failureStatus } from './exec-status.ts';
import type { ExecSession } from './pod-backend.ts';

/** Copies one output; a client that left is no failure of the process. */
const copy = async (from: Readable | undefined, to: Writable | undefined): Promise<void> => {
  if (from === undefined) return;
  // What nobody asked for is read and dropped, or the process would block on a full pipe.
  if (to === undefined) from.resume();
  else await pipeline(from, to, { end: false }).catch(() => undefined);
};

/** A process whose outputs are read from its start on. */
export interface HeldSession {
  readonly session: ExecSession;
  readonly stdout: Readable;
  readonly stderr: Readable | undefined;
}

const hold = (output: Readable): Readable => {
  const held = new PassThrough();
  pipeline(output, held).catch(() => undefined);
  return held;
};

/**
 * Holds the outputs until the client's streams are there. Without a reader Node drops what a child
 * process wrote when it ends, and a short command ends before a SPDY client has opened its streams.
 */
export const holdOutputs = (session: ExecSession): HeldSession => ({
  session,
  stdout: hold(session.stdout),
  stderr: session.stderr && hold(session.stderr),
});

/**
 * Connects a process with its client until one of them is gone: the client's leaving ends the process,
 * the process' end reports its exit code.
 */
export const relayExec = async (held: HeldSession, client: ExecClient): Promise<void> => {
  const { session, stdout, stderr } = held;
  const { stdin, exit } = session;
  if (client.stdin !== undefined && stdin !== undefined) {
    // Writing to a process that closed its input fails (EPIPE); its output and exit still count.
    stdin.on('error', () => client.stdin?.resume());
    client.stdin.on('error', () => undefined);
    client.stdin.pipe(stdin);
  } else client.stdin?.resume();
  client.onResize((columns, rows) => session.resize(columns, rows));
  const outputs = Promise.all([copy(stdout, client.stdout), copy(stderr, client.stderr)]);
  const ended = (async () => {
    await outputs;
    return exitStatus(await exit);
  })().catch(failureStatus);
  const status = await Promise.race([ended, client.closed]);
  if (status === undefined) {
    session.kill();
    return;
  }
  await client.finish(status);
};
