import { type readMeshConfigText, rootsInForce } from '@lateen/pilot';
import type { ClusterTrust } from '@lateen/simulation';

type MeshSettings = ReturnType<typeof readMeshConfigText>['value'];

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Certificates of a text, each in one spelling. */
const certificatesIn = (pem: string): readonly string[] =>
  [...pem.matchAll(certificate)].map(([text]) => text.replaceAll(/\s+/g, ''));

/**
 * Whose certificates count in a cluster: the roots that its workloads are given, of which those of other
 * meshes (MeshConfig `caCertificates`) are not its own. Undefined: the roots are not known.
 */
export const clusterTrust = (
  roots: string | undefined,
  mesh: MeshSettings,
): ClusterTrust | undefined => {
  if (roots === undefined) return undefined;
  const foreignRoots = mesh?.foreignRoots ?? [];
  const foreign = foreignRoots.flatMap(({ certificates }) => certificates.flatMap(certificatesIn));
  const accepted = mesh === undefined ? [] : rootsInForce(foreignRoots, mesh);
  const given = certificatesIn(roots);
  return {
    own: given.filter((one) => !foreign.includes(one)),
    trusted: [...new Set([...given, ...accepted.flatMap(certificatesIn)])],
  };
};
