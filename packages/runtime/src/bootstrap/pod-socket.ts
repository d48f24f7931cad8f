import { createHash } from 'node:crypto';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { RuntimeError } from '../runtime-error.ts';

/** Longest path of a Unix socket: `sun_path` of Linux has 108 bytes and ends with a zero. */
const maxPathBytes = 107;

/**
 * A Unix socket of one pod, for what listens on localhost inside a real pod and must not be on its
 * address: `name` is the port there, or another short word. In the pod's folder, or, where that path is
 * too long for a socket, in a folder of our own of /tmp.
 */
export const podSocketPath = (
  podFolder: string,
  name: number | 'sds' | 'eyes',
  temporary: string = tmpdir(),
): string => {
  // With a dot, which no container's folder beside it has in its name.
  const own = join(podFolder, `${name}.sock`);
  if (Buffer.byteLength(own) <= maxPathBytes) return own;
  const digest = createHash('sha256').update(own).digest('hex').slice(0, 24);
  return join(temporary, `lateen-${userInfo().uid}`, digest);
};

/**
 * The path, in a folder that is made for its owner only.
 * @throws RuntimeError `bad-state` when somebody else made the folder first.
 */
export const preparePodSocket = async (
  podFolder: string,
  name: number | 'sds' | 'eyes',
): Promise<string> => {
  const path = podSocketPath(podFolder, name);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid } = await stat(folder);
  if (uid !== userInfo().uid)
    throw new RuntimeError('bad-state', `the folder ${folder} belongs to somebody else: remove it`);
  await chmod(folder, 0o700);
  return path;
};

/** Where the eyes of a cluster answer those of the other clusters of its mesh. */
export const eyesSocketPath = (stateFolder: string): string => podSocketPath(stateFolder, 'eyes');

/** The same, in a folder that is there, and for its owner only. @throws RuntimeError `bad-state` */
export const prepareEyesSocket = (stateFolder: string): Promise<string> =>
  preparePodSocket(stateFolder, 'eyes');
