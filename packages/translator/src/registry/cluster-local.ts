import { hostIsWithin } from '@lateen/api';
import type { MeshConfig, ServiceSetting } from '../mesh/mesh-config.ts';

/** Hosts that mean something else in each cluster, as Istio has them: its own parts, and the control plane. */
const defaultHosts = ({ domainSuffix, rootNamespace, discoveryHost }: MeshConfig): string[] => {
  const istiod = discoveryHost || `istiod.${rootNamespace}.svc`;
  return [
    `*.kube-system.svc.${domainSuffix}`,
    `kubernetes.default.svc.${domainSuffix}`,
    istiod.endsWith(`.${domainSuffix}`) ? istiod : `${istiod}.${domainSuffix}`,
  ];
};

/** The more of a name it spells out, the more it counts. */
const weightOf = (host: string): number => host.length - (host.startsWith('*') ? 1 : 0);

/**
 * Of which services clients reach the endpoints of their own cluster only (MeshConfig
 * `serviceSettings[].settings.clusterLocal`): the setting with the closest host decides, over Istio's defaults.
 */
export const clusterLocality = (mesh: MeshConfig): ((hostname: string) => boolean) => {
  const preset: ServiceSetting = { hosts: defaultHosts(mesh), clusterLocal: true };
  // Of two settings for one host the later counts.
  const rules = [preset, ...mesh.serviceSettings]
    .flatMap(({ hosts, clusterLocal }) => hosts.map((host) => ({ host, clusterLocal })))
    .toReversed()
    .toSorted((left, right) => weightOf(right.host) - weightOf(left.host));
  return (hostname) =>
    rules.find(({ host }) => hostIsWithin(hostname, host))?.clusterLocal ?? false;
};
