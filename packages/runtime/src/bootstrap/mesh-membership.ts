import type { KubeObject } from '@lateen/api';
import type { Clock } from '@lateen/base';
import type { CertificateAuthority } from '@lateen/identity';
import { isKubeError, type KubeClient, resources } from '@lateen/kube';
import { loadAuthority } from '../state/cluster-pki.ts';
import { exposedDiscovery } from './remote-discovery.ts';

const namespace = 'istio-system';
/** Where Istio's multi-cluster pages put it: a Secret that istiod signs with. */
const authoritySecret = 'cacerts';
/** A member's authority; it is made anew with its Secret. */
const intermediateLifetimeMs: number = 5 * 365 * 24 * 60 * 60 * 1_000;

/** A cluster's place in a mesh of several clusters. */
export interface MeshMembership {
  /** Istio's cluster id, and the name of the kubeconfig's context; a DNS label. */
  readonly cluster: string;
  /** `topology.istio.io/network` of its pods. */
  readonly network: string;
  /** Folder of the root below which every member's CA is; made where it is not there. */
  readonly rootFolder: string;
  /**
   * Istio's primary-remote: the cluster whose control plane is this one's too, and a kubeconfig of its
   * administrator. Undefined: it has a control plane of its own.
   */
  readonly primary?: PrimaryCluster | undefined;
  /** Clusters without a control plane use this one's: it is reachable through the ingress gateway. */
  readonly hasRemotes?: boolean | undefined;
}

/** The cluster that the control plane of another is in. */
export interface PrimaryCluster {
  readonly cluster: string;
  /** Path of a file that is there while the cluster runs. */
  readonly kubeconfig: string;
}

const authorityFiles = (
  root: CertificateAuthority,
  cluster: string,
): Readonly<Record<string, string>> => {
  const subject = { commonName: `Intermediate CA ${cluster}`, organizations: ['Istio'] };
  const member = root.createIntermediate({ subject, lifetimeMs: intermediateLifetimeMs });
  return {
    'ca-cert.pem': member.certificate,
    'ca-key.pem': member.key,
    'root-cert.pem': root.certificate,
    'cert-chain.pem': member.certificate + root.certificate,
  };
};

/** Gives a member its CA below the shared root, unless it has one: the user's own included. */
export const plugAuthority = async (
  client: KubeClient,
  { cluster, rootFolder }: MeshMembership,
  clock: Clock,
): Promise<void> => {
  const root = loadAuthority(rootFolder, 'lateen mesh root', clock);
  const data = Object.fromEntries(
    Object.entries(authorityFiles(root, cluster)).map(([name, pem]) => [
      name,
      Buffer.from(pem).toString('base64'),
    ]),
  );
  const metadata = { name: authoritySecret, namespace };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data };
  try {
    await client.create(resources.secrets, secret);
  } catch (error) {
    if (!isKubeError(error, 'already-exists')) throw error;
  }
};

const gateway = (name: string, hosts: readonly string[]): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name, namespace },
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: 15_443, name: 'tls', protocol: 'TLS' },
        tls: { mode: 'AUTO_PASSTHROUGH' },
        hosts,
      },
    ],
  },
});

/**
 * What other clusters reach this one by: port 15443 of the ingress gateway passes TLS on by server name, for
 * Istio's `*.local` names and for the `*.global` names of replicated control planes; and istiod, where it is
 * theirs too.
 */
export const membershipObjects = ({
  hasRemotes,
}: Pick<MeshMembership, 'hasRemotes'>): readonly KubeObject[] => [
  gateway('cross-network-gateway', ['*.local']),
  gateway('istio-multicluster-ingressgateway', ['*.global']),
  ...(hasRemotes === true ? exposedDiscovery() : []),
];
