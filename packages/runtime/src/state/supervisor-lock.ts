import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { RuntimeError } from '../runtime-error.ts';

/** What somebody is told who starts a second cluster on a state folder. */
export const alreadyRunning = (root: string, cause?: unknown): RuntimeError =>
  new RuntimeError(
    'already-running',
    `a cluster is already running on ${root}: see "lateen status", or stop it with "lateen down"`,
    cause,
  );

/**
 * Holds a state folder for this process. The lock is a name in Linux' abstract socket namespace: the
 * kernel gives it back when the process ends, however it ends, and no file can be left behind.
 * @throws RuntimeError `already-running`.
 */
export const lockStateFolder = async (root: string): Promise<Server> => {
  const digest = createHash('sha256').update(realpathSync(root)).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  server.once('error', (cause) => reject(alreadyRunning(root, cause)));
  server.listen(`\0lateen-${digest}`, () => resolve(server));
  return promise;
};
