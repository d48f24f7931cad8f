import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RuntimeError, reasonOf } from '../runtime-error.ts';

/** Where everything of one cluster is kept. All paths are absolute. */
export interface StateFolder {
  readonly root: string;
  /** For kubectl; 0600. */
  readonly kubeconfig: string;
  /** For istiod: reads, and changes nothing; 0600. */
  readonly pilotKubeconfig: string;
  /** The API server's database. */
  readonly store: string;
  /** CA, keys; 0700. */
  readonly pki: string;
  /** One folder for each pod uid: logs, volumes, bootstrap. */
  readonly pods: string;
  /** Compile cache of the Node processes. */
  readonly cache: string;
  /** What runs now, as JSON (`RunRecord`). */
  readonly runRecord: string;
  /** Block of loopback addresses and preferred ports, kept from start to start. */
  readonly network: string;
  /** Log of the supervisor. */
  readonly log: string;
}

/** Paths below `folder`; nothing is created. */
export const stateFolderAt = (folder: string): StateFolder => {
  const root = resolve(folder);
  return {
    root,
    kubeconfig: join(root, 'kubeconfig'),
    pilotKubeconfig: join(root, 'pki', 'istiod.kubeconfig'),
    store: join(root, 'store.db'),
    pki: join(root, 'pki'),
    pods: join(root, 'pods'),
    cache: join(root, 'cache'),
    runRecord: join(root, 'run.json'),
    network: join(root, 'network.json'),
    log: join(root, 'lateen.log'),
  };
};

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Level by level: below /proc, which takes no folders, `mkdirSync` with `recursive` never returns. */
const makeFolder = (path: string): void => {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (!isFolder(path)) throw error;
  }
};

/**
 * Creates the folder that a cluster, or a mesh of them, is kept in.
 * @throws RuntimeError `bad-state` that says what is in the way.
 */
export const makeStateRoot = (root: string): void => {
  try {
    makeFolder(resolve(root));
  } catch (error) {
    const advice = 'choose another folder with --state-dir';
    const message = `cannot keep the cluster in ${resolve(root)} (${reasonOf(error)}): ${advice}`;
    throw new RuntimeError('bad-state', message, error);
  }
};

/** Creates what is missing; only the user may look inside. @throws RuntimeError `bad-state` */
export const createStateFolder = (state: StateFolder): void => {
  for (const folder of [state.root, state.pki, state.pods, state.cache]) makeStateRoot(folder);
};
