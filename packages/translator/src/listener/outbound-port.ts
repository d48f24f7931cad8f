import { isHttpProtocol } from '@lateen/api';
import type { SidecarEgress } from '../input/sidecar.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { egressServices, isOpen, sidecarScope } from '../push-context/sidecar-scope.ts';
import type { MeshService, ServicePort } from '../registry/mesh-service.ts';
import { isSniffed } from '../registry/protocol.ts';
import { serviceAddresses } from '../registry/service-addresses.ts';

/** One outbound listener to be: an address, a port and the service ports that share it. */
export interface OutboundPort {
  /** `0.0.0.0`, or a service's own address. */
  readonly address: string;
  readonly port: number;
  readonly services: readonly { readonly service: MeshService; readonly port: ServicePort }[];
  /** Route configuration of its HTTP connection manager. */
  readonly routeName: string;
  /** Really listens, instead of being handed what `virtualOutbound` captured. */
  readonly bound: boolean;
}

const wildcard = '0.0.0.0';

/**
 * HTTP services of a port share the wildcard listener and tell requests apart by host. TCP, TLS and
 * undeclared ones get a listener on their own address, and share the wildcard only without one.
 */
const listenAddress = (service: MeshService, port: ServicePort, proxy: ProxyDescriptor): string => {
  if (isHttpProtocol(port.protocol)) return wildcard;
  const [address] = serviceAddresses(service, proxy);
  return address === undefined || address.includes('/') ? wildcard : address;
};

/**
 * All listeners a sidecar needs towards the services it sees. On a shared address HTTP services
 * stay together; of those that are not HTTP each brings its own filter chain.
 */
export const outboundPorts = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly OutboundPort[] => {
  const result = new Map<
    string,
    OutboundPort & { services: { service: MeshService; port: ServicePort }[] }
  >();
  const scope = sidecarScope(push, proxy);
  for (const service of scope.services.values()) {
    for (const port of service.ports) {
      if (!isOpen(scope, service.hostname, port.number)) continue;
      const address = listenAddress(service, port, proxy);
      const key = `${address}_${port.number}`;
      const ownRoute = isSniffed(port.protocol) && address !== wildcard;
      const entry = result.get(key) ?? {
        address,
        port: port.number,
        services: [],
        bound: false,
        routeName: ownRoute ? `${service.hostname}:${port.number}` : String(port.number),
      };
      result.set(key, entry);
      entry.services.push({ service, port });
    }
  }
  return [...result.values()];
};

const egressPort = (
  push: PushContext,
  proxy: ProxyDescriptor,
  { port, bind, captureMode, hosts }: SidecarEgress,
): OutboundPort | undefined => {
  const number = port?.number;
  if (!number) return undefined;
  const bound = captureMode === 'NONE' || proxy.interceptionMode === 'NONE';
  const services = egressServices(sidecarScope(push, proxy), hosts, proxy.namespace).flatMap(
    (service) =>
      service.ports
        .filter((entry) => entry.number === number)
        .map((entry) => ({ service, port: entry })),
  );
  if (services.length === 0) return undefined;
  const fallback = bound ? (proxy.bindAddress ?? '127.0.0.1') : wildcard;
  return { address: bind || fallback, port: number, services, bound, routeName: String(number) };
};

/** The ports a Sidecar's egress names: apps without interception connect to these directly. */
export const egressPorts = (push: PushContext, proxy: ProxyDescriptor): readonly OutboundPort[] =>
  (sidecarScope(push, proxy).sidecar?.spec.egress ?? []).flatMap(
    (egress) => egressPort(push, proxy, egress) ?? [],
  );
