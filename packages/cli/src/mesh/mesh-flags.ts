import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type MeshMember,
  memberNames,
  planMembers,
  type RemoteMember,
  type Topology,
  topologies,
} from './mesh-members.ts';

/** Flags of `lateen up` that say which clusters a mesh has. */
export interface MeshFlags {
  readonly stateDir: string;
  /** How many clusters, or their names; neither: what the state folder holds, or a single one. */
  readonly clusters?: number;
  readonly cluster: readonly string[];
  readonly remote: readonly RemoteMember[];
  readonly topology?: Topology;
  readonly oneNetwork?: boolean;
}

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('a number of clusters is 1 or more');
  return value;
};

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const collectRemote = (text: string, before: readonly RemoteMember[]): readonly RemoteMember[] => {
  const [name = '', primary = '', ...more] = text.split('=');
  if (name === '' || primary === '' || more.length > 0)
    throw new InvalidArgumentError(
      'write NAME=CLUSTER: the new cluster, and the one whose control plane it has',
    );
  return [...before, { name, primary }];
};

/** Adds them to a command. */
export const addMeshOptions = (command: Command): Command =>
  command
    .option('--clusters <number>', 'a mesh of so many clusters: cluster1, cluster2, ...', count)
    .option('--cluster <name>', 'a mesh of clusters with these names (repeatable)', collect, [])
    .option(
      '--remote <name=cluster>',
      'a further cluster, with the control plane of that one (repeatable)',
      collectRemote,
      [],
    )
    .addOption(
      new Option(
        '--topology <kind>',
        'a control plane in each cluster, or one in the first for all (default: multi-primary)',
      ).choices(topologies),
    )
    .option('--one-network', 'pods of all clusters reach each other without gateways between');

/** The same as words, for another process. */
export const meshFlagWords = (flags: MeshFlags): readonly string[] => [
  ...(flags.clusters === undefined ? [] : ['--clusters', String(flags.clusters)]),
  ...flags.cluster.flatMap((name) => ['--cluster', name]),
  ...flags.remote.flatMap(({ name, primary }) => ['--remote', `${name}=${primary}`]),
  ...(flags.topology === undefined ? [] : ['--topology', flags.topology]),
  ...(flags.oneNetwork === true ? ['--one-network'] : []),
];

/** The members that the flags ask for; none: a single cluster. @throws RuntimeError */
export const membersOf = ({
  stateDir,
  cluster,
  clusters,
  remote,
  topology,
  oneNetwork,
}: MeshFlags): readonly MeshMember[] =>
  planMembers({
    ...{ stateDir, topology, oneNetwork },
    names: memberNames(cluster, clusters),
    remotes: remote,
  });
