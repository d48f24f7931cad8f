import type { Readable, Writable } from 'node:stream';
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

/**
 * Connects a process with its client until one of them is gone: the client's leaving ends the process,
 * the process' end reports its exit code.
 */
export const relayExec = async (session: ExecSession, client: ExecClient): Promise<void> => {
  const { stdin, stdout, stderr, exit } = session;
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
