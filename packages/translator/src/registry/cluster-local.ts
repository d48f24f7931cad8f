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
 * Whether clients of a service reach the endpoints of their own cluster only (MeshConfig
 * `serviceSettings[].settings.clusterLocal`): the setting with the closest host decides, over Istio's defaults.
 */
export const isClusterLocal = (hostname: string, mesh: MeshConfig): boolean => {
  const preset: ServiceSetting = { hosts: defaultHosts(mesh), clusterLocal: true };
  let found: { readonly weight: number; readonly clusterLocal: boolean } | undefined;
  for (const { hosts, clusterLocal } of [preset, ...mesh.serviceSettings]) {
    for (const host of hosts) {
      const weight = weightOf(host);
      if (hostIsWithin(hostname, host) && weight >= (found?.weight ?? 0))
        found = { weight, clusterLocal };
    }
  }
  return found?.clusterLocal ?? false;
};
