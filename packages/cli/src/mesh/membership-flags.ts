import { type MeshMembership, stateFolderAt } from '@lateen/runtime';
import { type MeshMember, meshRootFolder, readMembers } from './mesh-members.ts';

/** Hidden flags of `lateen up`: which member of a mesh a process is. */
export interface MembershipFlags {
  readonly member?: string;
  readonly networkId?: string;
  readonly meshRoot?: string;
  /** The cluster that its control plane is in, and the kubeconfig of that one. */
  readonly primary?: string;
  readonly primaryKubeconfig?: string;
  /** Other clusters have their control plane here. */
  readonly hasRemotes?: boolean;
}

/** Of one member of the mesh on a state folder. */
export const membershipFlags = (stateDir: string, member: MeshMember): MembershipFlags => {
  const members = readMembers(stateDir);
  const primary = members.find(({ name }) => name === member.primary);
  return {
    member: member.name,
    networkId: member.network,
    meshRoot: meshRootFolder(stateDir),
    hasRemotes: members.some((one) => one.primary === member.name),
    ...(primary !== undefined && {
      primary: primary.name,
      primaryKubeconfig: stateFolderAt(primary.stateDir).kubeconfig,
    }),
  };
};

/** The same as words of a command line. */
export const membershipWords = (stateDir: string, member: MeshMember): readonly string[] => {
  const flags = membershipFlags(stateDir, member);
  const word = (flag: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [flag, value];
  return [
    ...word('--member', flags.member),
    ...word('--network-id', flags.networkId),
    ...word('--mesh-root', flags.meshRoot),
    ...word('--primary', flags.primary),
    ...word('--primary-kubeconfig', flags.primaryKubeconfig),
    ...(flags.hasRemotes === true ? ['--has-remotes'] : []),
  ];
};

/** What the flags say; undefined: a cluster of its own. */
export const membershipOf = (flags: MembershipFlags): MeshMembership | undefined => {
  const { member, networkId, meshRoot, primary, primaryKubeconfig, hasRemotes } = flags;
  if (member === undefined) return undefined;
  return {
    cluster: member,
    network: networkId ?? member,
    rootFolder: meshRoot ?? meshRootFolder('.'),
    hasRemotes,
    ...(primary !== undefined &&
      primaryKubeconfig !== undefined && {
        primary: { cluster: primary, kubeconfig: primaryKubeconfig },
      }),
  };
};
