import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

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

/** Creates what is missing; only the user may look inside. */
export const createStateFolder = (state: StateFolder): void => {
  for (const folder of [state.root, state.pki, state.pods, state.cache])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
};
