import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { RuntimeError } from '../runtime-error.ts';
import { readRunRecord } from './run-record.ts';
import { stateFolderAt } from './state-folder.ts';

/** What somebody is told who starts a second cluster on a state folder. */
export const alreadyRunning = (root: string, cause?: unknown): RuntimeError =>
  new RuntimeError(
    'already-running',
    `a cluster is already running on ${root}: see "lateen status", or stop it with "lateen down"`,
    cause,
  );

/** A killed process holds what it had until the kernel is done with its memory. */
const endingTries = 20;
const retryMs = 100;

const tryLock = (name: string): Promise<Server> => {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  server.once('error', reject);
  server.listen(name, () => resolve(server));
  return promise;
};

/**
 * Holds a state folder for this process. The lock is a name in Linux' abstract socket namespace: the
 * kernel gives it back when the process ends, however it ends, and no file can be left behind.
 * Waits a moment for a process that is just ending.
 * @throws RuntimeError `already-running`.
 */
export const lockStateFolder = async (root: string): Promise<Server> => {
  const digest = createHash('sha256').update(realpathSync(root)).digest('hex').slice(0, 32);
  for (let tried = 1; ; tried++) {
    try {
      return await tryLock(`\0lateen-${digest}`);
    } catch (cause) {
      const isEnding = readRunRecord(stateFolderAt(root)) === undefined;
      if (!isEnding || tried === endingTries) throw alreadyRunning(root, cause);
    }
    await delay(retryMs);
  }
};
