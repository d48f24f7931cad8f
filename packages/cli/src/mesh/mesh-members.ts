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
}

/** The machine's memory and patience, not a limit of the mesh. */
const maxMembers = 16;
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const fileOf = (stateDir: string): string => join(resolve(stateDir), 'mesh.json');

/** Folder of the root certificate that all members' CAs are below. */
export const meshRootFolder = (stateDir: string): string => join(resolve(stateDir), 'mesh-root');

const memberOf = (stateDir: string, name: string): MeshMember => ({
  name,
  network: `network-${name}`,
  stateDir: join(resolve(stateDir), 'clusters', name),
});

/** Names asked for: `--cluster a --cluster b`, or `--clusters 2` for cluster1 and cluster2. @throws RuntimeError */
export const memberNames = (
  names: readonly string[],
  count: number | undefined,
): readonly string[] => {
  const all =
    names.length > 0 ? names : Array.from({ length: count ?? 0 }, (_, at) => `cluster${at + 1}`);
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
  return all;
};

/** Members of the mesh that was started on a state folder; empty when it holds a single cluster or none. */
export const readMembers = (stateDir: string): readonly MeshMember[] => {
  try {
    const names = JSON.parse(readFileSync(fileOf(stateDir), 'utf8')) as readonly string[];
    return names.map((name) => memberOf(stateDir, name));
  } catch {
    return [];
  }
};

/** Remembers who is in the mesh, so that the next `up` needs no flags. */
export const writeMembers = (stateDir: string, names: readonly string[]): readonly MeshMember[] => {
  mkdirSync(resolve(stateDir), { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(stateDir), `${JSON.stringify(names)}\n`, { mode: 0o600 });
  return names.map((name) => memberOf(stateDir, name));
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
