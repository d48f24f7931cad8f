import type { Pod } from '@lateen/api';
import type { PreparedProgram, ProgramRequest } from '../images/program.ts';

/** What real programs of addons need to know of this machine. */
export interface AddonSite {
  /** Of the supervisor: its PATH says what is installed, `LATEEN_REAL_ADDONS=off` turns the real ones off. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A kubeconfig to the API server as the pod's service account, bound to the pod. */
  readonly kubeconfig: (pod: Pod) => Promise<string>;
}

/** A real program that runs in the place of our part where it is installed. */
export interface RealAddon {
  /** Names of its program, the first that is found is taken. */
  readonly programs: readonly string[];
  /** The process that is the container; `program` is the path that was found. */
  prepare(program: string, request: ProgramRequest, site: AddonSite): Promise<PreparedProgram>;
}
