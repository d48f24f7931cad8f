import { isIPv4 } from 'node:net';
import type { PushContext } from '@lateen/translator';

/**
 * ClusterIP of a Kubernetes service by any of its names, `name.namespace` with `.svc` or the whole
 * suffix behind; a bare name is of the control plane's own namespace, as cluster DNS has it. Undefined: no
 * such service, or a headless one.
 */
export const serviceAddress = (push: PushContext, hostname: string): string | undefined => {
  const { rootNamespace, domainSuffix } = push.meshConfig;
  const suffix = [`.svc.${domainSuffix}`, '.svc'].find((ending) => hostname.endsWith(ending)) ?? '';
  const labels = hostname.slice(0, hostname.length - suffix.length).split('.');
  const [name = '', namespace = rootNamespace, ...more] = labels;
  if (more.length > 0) return undefined;
  const services = push.services.byHostname.get(`${name}.${namespace}.svc.${domainSuffix}`) ?? [];
  return services
    .filter(({ registry }) => registry === 'Kubernetes')
    .flatMap(({ addresses }) => addresses)
    .find((address) => isIPv4(address));
};
