import type { Checked, Diagnostic } from '@lateen/base';
import type { ProxyDescriptor, PushContext } from '@lateen/translator';
import { workloadsOf } from './mesh-registry.ts';

/** Where a name leads before any proxy is asked: what DNS would say. */
export interface ServiceAddress {
  readonly address: string;
  /** False: the name is outside, and its real address is not known here. */
  readonly known: boolean;
}

/** For names outside the cluster (RFC 5737, TEST-NET-3). */
const somewhere: ServiceAddress = { address: '203.0.113.1', known: false };

type MeshService = PushContext['services']['services'][number];

/** Full names that a name may stand for, in the order of a pod's DNS search list. */
const candidates = (host: string, namespace: string, domain: string): readonly string[] => [
  `${host}.${namespace}.svc.${domain}`,
  `${host}.svc.${domain}`,
  `${host}.${domain}`,
  host,
];

const firstAddress = (
  push: PushContext,
  { clusterId }: ProxyDescriptor,
  service: MeshService,
): string | undefined => {
  const [vip] = service.inCluster.get(clusterId)?.addresses ?? service.addresses;
  if (vip !== undefined && vip !== '' && !vip.includes('/')) return vip;
  const range = /^([\d.]+)\/32$/.exec(vip ?? '')?.[1];
  if (range !== undefined) return range;
  const endpoints = push.endpoints.get(`${service.namespace}/${service.hostname}`) ?? [];
  return endpoints.find(({ address }) => /^[\d.:a-f]+$/.test(address))?.address;
};

/** A pod of a headless service by its own name: `db-0.db`. */
const podOf = (push: PushContext, proxy: ProxyDescriptor, name: string): string | undefined => {
  const dot = name.indexOf('.');
  const [service] = push.services.byHostname.get(name.slice(dot + 1)) ?? [];
  if (dot < 0 || service === undefined) return undefined;
  const pods = workloadsOf(push, proxy.clusterId);
  const pod = pods.get(`${service.namespace}/${name.slice(0, dot)}`);
  return pod?.address;
};

const isWritten = (push: PushContext, names: readonly string[]): boolean =>
  push.virtualServices.some(({ hosts }) => hosts.some((host) => names.includes(host)));

/** The service that a name stands for; undefined: none. */
export const findService = (
  push: PushContext,
  proxy: ProxyDescriptor,
  host: string,
): MeshService | undefined =>
  candidates(host, proxy.namespace, push.meshConfig.domainSuffix)
    .flatMap((name) => push.services.byHostname.get(name) ?? [])
    .at(0);

/**
 * A name that only other clusters have a Service for: a cluster's DNS knows its own, and a proxy is only asked
 * where it answers for DNS or is told names as an HTTP proxy.
 */
const elsewhere = (
  services: readonly MeshService[],
  { clusterId, interceptionMode, dnsCapture }: ProxyDescriptor,
): readonly Diagnostic[] => {
  const isHere =
    services.length === 0 ||
    services.some(({ inCluster }) => inCluster.size === 0 || inCluster.has(clusterId));
  if (isHere || dnsCapture || interceptionMode === 'NONE') return [];
  const clusters = [...new Set(services.flatMap(({ inCluster }) => [...inCluster.keys()]))];
  const message = `only ${clusters.join(', ')} has a Service ${services[0]?.hostname}: the DNS of ${clusterId} does not know the name; make a Service of that name there, or let proxies answer for DNS (ISTIO_META_DNS_CAPTURE)`;
  return [{ severity: 'warning', code: 'ServiceElsewhere', message }];
};

/** What the first name says that a service has; undefined: none does. */
const addressOfService = (
  push: PushContext,
  proxy: ProxyDescriptor,
  names: readonly string[],
): Checked<ServiceAddress> | undefined => {
  for (const name of names) {
    const services = push.services.byHostname.get(name) ?? [];
    const [address] = services.flatMap((one) => firstAddress(push, proxy, one) ?? []);
    const found = address ?? podOf(push, proxy, name);
    if (found === undefined && services.length === 0) continue;
    const value = found === undefined ? somewhere : { address: found, known: true };
    return { value, diagnostics: elsewhere(services, proxy) };
  }
  return undefined;
};

/**
 * Resolves a host as the caller's DNS would. Warning ServiceElsewhere: it would not. Error HostUnknown: no
 * service has the name, and it cannot be one outside, as it has no dot.
 */
export const resolveServiceAddress = (
  push: PushContext,
  proxy: ProxyDescriptor,
  host: string,
): Checked<ServiceAddress> => {
  const plain = host.replace(/^\[|\]$/g, '');
  if (plain.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(plain)) {
    return { value: { address: plain, known: true }, diagnostics: [] };
  }
  const { domainSuffix } = push.meshConfig;
  const names = candidates(host, proxy.namespace, domainSuffix);
  const found = addressOfService(push, proxy, names);
  if (found !== undefined) return found;
  const clusterName = host.endsWith(`.svc.${domainSuffix}`) || host.endsWith('.svc');
  if ((host.includes('.') && !clusterName) || isWritten(push, names)) {
    return { value: somewhere, diagnostics: [] };
  }
  const message = `there is no service "${host}" for a caller in ${proxy.namespace}: name one as service, service.namespace, or a full host name`;
  return {
    value: undefined,
    diagnostics: [{ severity: 'error', code: 'HostUnknown', message }],
  };
};
