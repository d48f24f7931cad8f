import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RuntimeError } from '@lateen/runtime';

/** One cluster of a mesh that runs on this machine. */
export interface MeshMember {
  /** Cluster id and kubeconfig context; a DNS label. */
  readonly name: string;
  /** `topology.istio.io/network` of its pods. */
  readonly network: string;
  /** State folder of its own. */
  readonly stateDir: string;
  /** The cluster that its control plane is in; undefined: it has one of its own. */
  readonly primary: string | undefined;
}

/** A cluster with the control plane of another. */
export interface RemoteMember {
  readonly name: string;
  readonly primary: string;
}

/** What a member is, without where it is kept. */
interface Role {
  readonly name: string;
  readonly primary?: string | undefined;
  /** Default: one of its own. */
  readonly network?: string | undefined;
}

/** Where the control planes of a mesh are: one in each cluster, or one for all in the first. Istio's words. */
export type Topology = 'multi-primary' | 'primary-remote';

/** What `--topology` takes. */
export const topologies: readonly Topology[] = ['multi-primary', 'primary-remote'];

/** The machine's memory and patience, not a limit of the mesh. */
const maxMembers = 16;
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const fileOf = (stateDir: string): string => join(resolve(stateDir), 'mesh.json');

/** Folder of the root certificate that all members' CAs are below. */
export const meshRootFolder = (stateDir: string): string => join(resolve(stateDir), 'mesh-root');

/** Where pods of all clusters reach each other. */
const sharedNetwork = 'network1';

const memberOf = (
  stateDir: string,
  { name, primary, network = `network-${name}` }: Role,
): MeshMember => ({
  ...{ name, network, primary },
  stateDir: join(resolve(stateDir), 'clusters', name),
});

/** Names asked for: `--cluster a --cluster b`, or `--clusters 2` for cluster1 and cluster2. @throws RuntimeError */
export const memberNames = (
  names: readonly string[],
  count: number | undefined,
): readonly string[] => {
  const all =
    names.length > 0 ? names : Array.from({ length: count ?? 0 }, (_, at) => `cluster${at + 1}`);
  requireNames(all);
  return all;
};

/** @throws RuntimeError for names that are none, or are there twice. */
const requireNames = (all: readonly string[]): void => {
  if (all.length > maxMembers)
    throw new RuntimeError('bad-state', `a mesh has at most ${maxMembers} clusters here`);
  const bad = all.find((name) => !dnsLabel.test(name));
  if (bad !== undefined)
    throw new RuntimeError(
      'bad-state',
      `--cluster ${bad}: a name has lower-case letters, digits and "-", at most 63`,
    );
  const twice = all.find((name, at) => all.indexOf(name) !== at);
  if (twice !== undefined)
    throw new RuntimeError('bad-state', `--cluster ${twice}: two clusters cannot have one name`);
};

/** An entry of mesh.json: a name, or a name and what is not by default. */
type Entry = string | Role;

const entryOf = ({ name, primary, network }: MeshMember): Entry => {
  const isShared = network === sharedNetwork;
  if (primary === undefined && !isShared) return name;
  return { name, ...(primary !== undefined && { primary }), ...(isShared && { network }) };
};

/** Members of the mesh that was started on a state folder; empty when it holds a single cluster or none. */
export const readMembers = (stateDir: string): readonly MeshMember[] => {
  try {
    const entries = JSON.parse(readFileSync(fileOf(stateDir), 'utf8')) as readonly Entry[];
    return entries.map((entry) =>
      memberOf(stateDir, typeof entry === 'string' ? { name: entry } : entry),
    );
  } catch {
    return [];
  }
};

/** Remembers who is in the mesh, so that the next `up` needs no flags. */
export const writeMembers = (stateDir: string, members: readonly MeshMember[]): void => {
  mkdirSync(resolve(stateDir), { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(members.map(entryOf))}\n`;
  writeFileSync(fileOf(stateDir), text, { mode: 0o600 });
};

/** Which topology the members have; undefined when there are none. */
export const topologyOf = (members: readonly MeshMember[]): Topology | undefined => {
  if (members.length === 0) return undefined;
  return members.some(({ primary }) => primary !== undefined) ? 'primary-remote' : 'multi-primary';
};

const roleOf = (primary: string | undefined): string =>
  primary === undefined ? 'has a control plane of its own' : `is a remote cluster of ${primary}`;

/** What a cluster holds is for its role: it keeps it. @throws RuntimeError */
const requireSameRoles = (planned: readonly MeshMember[], kept: readonly MeshMember[]): void => {
  const elsewhere = 'and a cluster keeps its place: use another --state-dir';
  for (const { name, primary, network } of planned) {
    const before = kept.find((one) => one.name === name);
    if (before === undefined) continue;
    if (before.primary !== primary)
      throw new RuntimeError(
        'bad-state',
        `cluster ${name} ${roleOf(before.primary)} here, ${elsewhere}`,
      );
    if (before.network !== network)
      throw new RuntimeError(
        'bad-state',
        `cluster ${name} is on ${before.network} here, ${elsewhere}`,
      );
  }
};

/** Who controls others must be able to. @throws RuntimeError */
const requirePrimaries = (planned: readonly MeshMember[]): void => {
  const refuse = (reason: string): never => {
    throw new RuntimeError('bad-state', reason);
  };
  for (const { name, primary } of planned) {
    if (primary === undefined) continue;
    const found = planned.find((one) => one.name === primary);
    const flag = `--remote ${name}=${primary}`;
    if (found === undefined)
      refuse(`${flag}: there is no cluster ${primary}: add --cluster ${primary}`);
    else if (found.primary !== undefined) refuse(`${flag}: ${primary} ${roleOf(found.primary)}`);
  }
  const [first] = planned;
  if (first?.primary !== undefined)
    refuse(
      `cluster ${first.name} ${roleOf(first.primary)} here: name one with a control plane first`,
    );
};

/** What `lateen up` was asked for, and what the state folder holds. */
export interface MeshPlan {
  readonly stateDir: string;
  /** Of `memberNames`; empty: those that the state folder holds. */
  readonly names: readonly string[];
  /** Undefined: the one that the state folder holds, or multi-primary. */
  readonly topology: Topology | undefined;
  /** Further clusters, each with the control plane of another. Default none. */
  readonly remotes?: readonly RemoteMember[];
  /** One network for all. Undefined: as the state folder holds it, or one for each. */
  readonly oneNetwork?: boolean | undefined;
}

/** The cluster that controls the one at a place. */
const primaryAt = (
  at: number,
  wanted: readonly string[],
  { topology, remotes = [] }: MeshPlan,
  kept: readonly MeshMember[],
): string | undefined => {
  const [first] = wanted;
  const name = wanted[at];
  const asked = remotes.find((one) => one.name === name);
  if (asked !== undefined) return asked.primary;
  const ofFirst = at > 0 ? first : undefined;
  if (topology !== undefined) return topology === 'primary-remote' ? ofFirst : undefined;
  const known = kept.find((one) => one.name === name);
  if (known !== undefined) return known.primary;
  const primaries = kept.filter(({ primary }) => primary === undefined);
  return primaries.length === 1 && kept.length > 1 ? ofFirst : undefined;
};

/**
 * The members to start; none: a single cluster. In primary-remote the first has the control plane of all.
 * @throws RuntimeError
 */
export const planMembers = (plan: MeshPlan): readonly MeshMember[] => {
  const { stateDir, names, topology, remotes = [] } = plan;
  const kept = readMembers(stateDir);
  const named = names.length > 0 ? names : kept.map(({ name }) => name);
  const further = remotes.map(({ name }) => name).filter((name) => !named.includes(name));
  const wanted = [...named, ...further];
  requireNames(wanted);
  const flag = topology === undefined ? '--one-network' : `--topology ${topology}`;
  if ((topology !== undefined || plan.oneNetwork === true) && wanted.length < 2)
    throw new RuntimeError(
      'bad-state',
      `${flag} is for several clusters: add --clusters 2, or --cluster twice`,
    );
  const isShared = plan.oneNetwork ?? kept.some(({ network }) => network === sharedNetwork);
  const planned = wanted.map((name, at) =>
    memberOf(stateDir, {
      ...{ name, primary: primaryAt(at, wanted, plan, kept) },
      ...(isShared && { network: sharedNetwork }),
    }),
  );
  requirePrimaries(planned);
  requireSameRoles(planned, kept);
  return planned;
};

/** The member a `--context` names. @throws RuntimeError `not-running` naming those there are. */
export const findMember = (stateDir: string, context: string): MeshMember => {
  const members = readMembers(stateDir);
  const found = members.find(({ name }) => name === context);
  if (found !== undefined) return found;
  const known = members.map(({ name }) => name).join(', ');
  throw new RuntimeError(
    'not-running',
    `there is no cluster "${context}" on ${resolve(stateDir)}${known === '' ? '' : `: there are ${known}`}`,
  );
};
