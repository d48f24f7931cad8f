import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import { serviceAddresses } from '../registry/service-addresses.ts';

/** IPv6 addresses stand in brackets in a Host header. */
const bracketed = (host: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;

/** `host:port`. */
export const domainName = (host: string, port: number): string => `${bracketed(host)}:${port}`;

/**
 * The shorter names by which a client knows a Kubernetes service: `name.ns.svc`, `name.ns`, and in
 * the same namespace `name`.
 */
const shortNames = (hostname: string, dnsDomain: string): readonly string[] => {
  const marker = '.svc.';
  const domainAt = dnsDomain.indexOf(marker);
  const hostAt = hostname.indexOf(marker);
  if (domainAt < 0 || hostAt < 0) return [];
  if (hostname.slice(hostAt) !== dnsDomain.slice(domainAt)) return [];
  const dot = hostname.indexOf('.');
  if (dot + 1 > hostAt) return [];
  const withNamespace = hostname.slice(0, hostAt);
  const names = [`${withNamespace}.svc`, withNamespace];
  const sameNamespace = hostname.slice(dot + 1, hostAt) === dnsDomain.slice(0, domainAt);
  return sameNamespace ? [hostname.slice(0, dot), ...names] : names;
};

/** Domains of a service's virtual host, without ports; `alternates` give way to real names on a clash. */
export interface ServiceDomains {
  readonly domains: readonly string[];
  readonly alternates: ReadonlySet<string>;
}

/** Full name, short names, headless pods' names, VIPs. */
export const serviceDomains = (service: MeshService, proxy: OutboundClient): ServiceDomains => {
  const alternates = shortNames(service.hostname, proxy.dnsDomain);
  const names = [service.hostname, ...alternates];
  const headless = service.resolution === 'passthrough' && service.registry === 'Kubernetes';
  const addresses = serviceAddresses(service, proxy)
    .map((address) => address.replace(/\/(?:32|128)$/, ''))
    .filter((address) => address !== '0.0.0.0' && !address.includes('/'));
  return {
    domains: [
      ...names,
      ...(headless ? names.map((name) => `*.${name}`) : []),
      ...addresses.map(bracketed),
    ],
    alternates: new Set(alternates),
  };
};
