import { createHash } from 'node:crypto';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { RuntimeError } from '../runtime-error.ts';

const socketName = 'sds';
/** Longest path of a Unix socket: `sun_path` of Linux has 108 bytes and ends with a zero. */
const maxPathBytes = 107;

/** In the pod's folder, or, where that path is too long for a socket, in a folder of our own of /tmp. */
export const secretSocketPath = (podFolder: string, temporary: string = tmpdir()): string => {
  const own = join(podFolder, socketName);
  if (Buffer.byteLength(own) <= maxPathBytes) return own;
  const digest = createHash('sha256').update(podFolder).digest('hex').slice(0, 24);
  return join(temporary, `lateen-sds-${userInfo().uid}`, digest);
};

/**
 * Makes the socket's folder, for its owner only.
 * @throws RuntimeError `bad-state` when somebody else made it first.
 */
export const prepareSecretSocket = async (path: string): Promise<void> => {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid } = await stat(folder);
  if (uid !== userInfo().uid)
    throw new RuntimeError('bad-state', `the folder ${folder} belongs to somebody else: remove it`);
  await chmod(folder, 0o700);
};
