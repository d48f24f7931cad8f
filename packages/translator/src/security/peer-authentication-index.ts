import type { Config } from '../input/config.ts';
import type { MutualTls, PeerAuthentication } from '../input/peer-authentication.ts';
import { selects } from '../registry/workload.ts';

/** What a workload port takes: mTLS only, mTLS and plaintext, or plaintext only. */
export type MutualTlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** All PeerAuthentications by the namespace they are in, oldest first. */
export interface PeerAuthenticationIndex {
  /** Mode of the whole mesh; undefined when nobody set one. */
  readonly meshMode: MutualTlsMode | undefined;
  /** Modes that namespaces set, with UNSET resolved. */
  readonly namespaceModes: ReadonlyMap<string, MutualTlsMode>;
  /** Those with a selector. */
  readonly workloadPolicies: ReadonlyMap<string, readonly Config<PeerAuthentication>[]>;
}

/** The modes of a workload, resolved. */
export interface WorkloadMutualTls {
  readonly mode: MutualTlsMode;
  /** By workload port, where it is said for a port. */
  readonly ports: ReadonlyMap<number, MutualTlsMode>;
}

/** A workload as selectors see it. */
export interface SelectedWorkload {
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
}

const setMode = (mtls: MutualTls | undefined): MutualTlsMode | undefined =>
  mtls?.mode === undefined || mtls.mode === 'UNSET' ? undefined : mtls.mode;

const isSelective = ({ spec }: Config<PeerAuthentication>): boolean =>
  (spec.selector?.matchLabels.size ?? 0) > 0;

/**
 * `configs`: oldest first. Of several for the whole of a namespace the oldest counts. Those with a
 * selector in the root namespace have no effect, as in Istio.
 */
export const buildPeerAuthenticationIndex = (
  configs: readonly Config<PeerAuthentication>[],
  rootNamespace: string,
): PeerAuthenticationIndex => {
  const whole = configs.filter((config) => !isSelective(config));
  const mesh = whole.find(({ namespace }) => namespace === rootNamespace);
  const meshMode = mesh === undefined ? undefined : (setMode(mesh.spec.mtls) ?? 'PERMISSIVE');
  const namespaceModes = new Map<string, MutualTlsMode>();
  for (const { namespace, spec } of whole) {
    if (namespace === rootNamespace || namespaceModes.has(namespace)) continue;
    namespaceModes.set(namespace, setMode(spec.mtls) ?? meshMode ?? 'PERMISSIVE');
  }
  const selective = configs.filter(
    (config) => isSelective(config) && config.namespace !== rootNamespace,
  );
  return {
    meshMode,
    namespaceModes,
    workloadPolicies: Map.groupBy(selective, ({ namespace }) => namespace),
  };
};

/** What a namespace or the mesh says; undefined: nobody says anything. */
export const namespaceMutualTls = (
  { namespaceModes, meshMode }: PeerAuthenticationIndex,
  namespace: string,
): MutualTlsMode | undefined => namespaceModes.get(namespace) ?? meshMode;

/** The oldest policy that selects the workload over its namespace's over the mesh's; UNSET inherits. */
export const workloadMutualTls = (
  index: PeerAuthenticationIndex,
  { namespace, labels }: SelectedWorkload,
): WorkloadMutualTls => {
  const inherited = namespaceMutualTls(index, namespace) ?? 'PERMISSIVE';
  const policy = index.workloadPolicies
    .get(namespace)
    ?.find(({ spec }) => selects(spec.selector?.matchLabels ?? new Map(), labels));
  const mode = setMode(policy?.spec.mtls) ?? inherited;
  const ports = new Map<number, MutualTlsMode>();
  for (const [port, mtls] of policy?.spec.portLevelMtls ?? []) {
    ports.set(Number(port), setMode(mtls) ?? mode);
  }
  return { mode, ports };
};

/** The mode of one port of a workload. */
export const portMutualTls = ({ mode, ports }: WorkloadMutualTls, port: number): MutualTlsMode =>
  ports.get(port) ?? mode;
