import { hostIsWithin, hostsOverlap } from '@lateen/api';
import type { Config } from '../input/config.ts';
import { providerHosts } from '../input/extension-provider.ts';
import type { Sidecar, SidecarOutboundPolicy } from '../input/sidecar.ts';
import type { OutboundTrafficPolicyMode } from '../mesh/mesh-config.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import { selects } from '../registry/workload.ts';
import { findDestinationRule, type MeshDestinationRule } from './destination-rule-index.ts';
import { type MeshVirtualService, meshGateway } from './mesh-virtual-service.ts';
import type { OutboundClient } from './outbound-client.ts';
import type { PushContext } from './push-context.ts';
import { pushMemo } from './push-memo.ts';
import { isExportedTo } from './visibility.ts';

/** What one proxy may see of the mesh: Istio's SidecarScope. */
export interface SidecarScope {
  /** One service for each hostname: Kubernetes before ServiceEntries, then the oldest. */
  readonly services: ReadonlyMap<string, MeshService>;
  /**
   * Ports by hostname that a Sidecar's egress lets clients speak to themselves; undefined: all. Of
   * services that are only destinations of VirtualServices, or providers of the mesh, it lets in none.
   */
  readonly openPorts: ReadonlyMap<string, ReadonlySet<number>> | undefined;
  /** Bound to `mesh`, oldest first. */
  readonly virtualServices: readonly MeshVirtualService[];
  readonly sidecar: Config<Sidecar> | undefined;
  readonly outboundPolicy: OutboundTrafficPolicyMode;
  /** Cluster for unmatched traffic in place of PassthroughCluster, when a Sidecar names one. */
  readonly egressProxy: SidecarOutboundPolicy['egressProxy'];
}

const scopes = pushMemo<SidecarScope>();

/** The Sidecar that governs a proxy: selecting it, else its namespace's, else the root namespace's. */
export const findSidecar = (
  push: PushContext,
  proxy: Pick<OutboundClient, 'namespace' | 'labels' | 'type'>,
): Config<Sidecar> | undefined => {
  if (proxy.type !== 'sidecar') return undefined;
  const own = push.sidecars.filter(({ namespace }) => namespace === proxy.namespace);
  const selecting = own.find(
    ({ spec }) =>
      spec.workloadSelector !== undefined &&
      spec.workloadSelector.labels.size > 0 &&
      selects(spec.workloadSelector.labels, proxy.labels),
  );
  const unselective = ({ spec }: Config<Sidecar>): boolean =>
    (spec.workloadSelector?.labels.size ?? 0) === 0;
  return (
    selecting ??
    own.find(unselective) ??
    push.sidecars.find(
      (config) => config.namespace === push.meshConfig.rootNamespace && unselective(config),
    )
  );
};

/** Scopes depend on namespace and Sidecar only, so proxies share them. */
export const sidecarScope = (
  push: PushContext,
  proxy: Pick<OutboundClient, 'namespace' | 'labels' | 'type'>,
): SidecarScope => {
  const sidecar = findSidecar(push, proxy);
  const key = `${proxy.namespace}/${sidecar?.namespace ?? ''}/${sidecar?.name ?? ''}`;
  return scopes(push, key, () => buildScope(push, proxy.namespace, sidecar));
};

/** An egress host `namespace/dnsName`, read. */
interface EgressHost {
  readonly namespace: string;
  readonly host: string;
  readonly exclude: boolean;
}

const parseEgressHost = (entry: string, namespace: string): EgressHost | undefined => {
  const exclude = entry.startsWith('~') && !entry.startsWith('~/');
  const [left = '', host] = (exclude ? entry.slice(1) : entry).split('/');
  if (host === undefined || left === '~') return undefined;
  return { namespace: left === '.' ? namespace : left, host, exclude };
};

/** Undefined when the Sidecar does not restrict egress. */
const egressHostsOf = (
  sidecar: Config<Sidecar> | undefined,
  namespace: string,
): readonly EgressHost[] | undefined => {
  if (sidecar === undefined || sidecar.spec.egress.length === 0) return undefined;
  return sidecar.spec.egress.flatMap(({ hosts }) =>
    hosts.flatMap((entry) => parseEgressHost(entry, namespace) ?? []),
  );
};

type Imports = (namespace: string, host: string, overlap: boolean) => boolean;

const importsOf = (hosts: readonly EgressHost[] | undefined): Imports => {
  if (hosts === undefined) return () => true;
  return (namespace, host, overlap) => {
    const hit = (entry: EgressHost): boolean =>
      (entry.namespace === '*' || entry.namespace === namespace) &&
      (overlap ? hostsOverlap(host, entry.host) : hostIsWithin(host, entry.host));
    return (
      hosts.some((entry) => !entry.exclude && hit(entry)) &&
      !hosts.some((entry) => entry.exclude && hit(entry))
    );
  };
};

/** The services that one egress entry of a Sidecar lets in, of those its scope has. */
export const egressServices = (
  scope: SidecarScope,
  hosts: readonly string[],
  namespace: string,
): readonly MeshService[] => {
  const imports = importsOf(hosts.flatMap((entry) => parseEgressHost(entry, namespace) ?? []));
  return [...scope.services.values()].filter((service) =>
    imports(service.namespace, service.hostname, false),
  );
};

const addService = (services: Map<string, MeshService>, service: MeshService): void => {
  const existing = services.get(service.hostname);
  const takesOver = existing?.registry === 'External' && service.registry === 'Kubernetes';
  if (existing === undefined || takesOver) services.set(service.hostname, service);
};

/** Whether clients may speak to a port of a service themselves. */
export const isOpen = ({ openPorts }: SidecarScope, hostname: string, port: number): boolean =>
  openPorts === undefined || openPorts.get(hostname)?.has(port) === true;

/** An egress entry with a port has that port alone, and no entry without a port has it too. */
const openPortsOf = (
  services: Iterable<MeshService>,
  sidecar: Config<Sidecar> | undefined,
  namespace: string,
): SidecarScope['openPorts'] => {
  const egress = sidecar?.spec.egress ?? [];
  if (egress.length === 0) return undefined;
  const entries = egress.map(({ port, hosts }) => ({
    port: port?.number ?? 0,
    imports: importsOf(hosts.flatMap((entry) => parseEgressHost(entry, namespace) ?? [])),
  }));
  const named = new Set(entries.map(({ port }) => port));
  const opens = (service: MeshService, port: number): boolean =>
    entries.some(
      (entry) =>
        entry.port === (named.has(port) ? port : 0) &&
        entry.imports(service.namespace, service.hostname, false),
    );
  return new Map(
    [...services].map((service) => [
      service.hostname,
      new Set(service.ports.map(({ number }) => number).filter((port) => opens(service, port))),
    ]),
  );
};

const destinationHosts = ({ http, tls, tcp }: MeshVirtualService): Set<string> => {
  const hosts = new Set<string>();
  for (const { route } of http) {
    for (const { destination } of [...route.route, ...route.mirrors])
      hosts.add(destination.host ?? '');
    if (route.mirror !== undefined) hosts.add(route.mirror.host ?? '');
  }
  for (const { route } of [...tls, ...tcp]) {
    for (const { destination } of route) hosts.add(destination.host ?? '');
  }
  return hosts;
};

const buildScope = (
  push: PushContext,
  namespace: string,
  sidecar: Config<Sidecar> | undefined,
): SidecarScope => {
  const imports = importsOf(egressHostsOf(sidecar, namespace));
  const visible = push.services.services.filter((service) =>
    isExportedTo(service.exportTo, service.namespace, namespace),
  );
  const services = new Map<string, MeshService>();
  for (const service of visible) {
    if (imports(service.namespace, service.hostname, false)) addService(services, service);
  }
  const virtualServices = push.virtualServices.filter(
    (service) =>
      service.gateways.includes(meshGateway) &&
      isExportedTo(service.exportTo, service.namespace, namespace) &&
      service.hosts.some((host) => imports(service.namespace, host, true)),
  );
  if (sidecar !== undefined) {
    // A listener that names a cluster which is not there would be refused as a whole.
    const needed = new Set([
      ...virtualServices.flatMap((service) => [...destinationHosts(service)]),
      ...providerHosts(push.meshConfig.extensionProviders),
    ]);
    for (const service of visible) {
      if (needed.has(service.hostname)) addService(services, service);
    }
  }
  const policy = sidecar?.spec.outboundTrafficPolicy;
  return {
    services,
    openPorts: openPortsOf(services.values(), sidecar, namespace),
    virtualServices,
    sidecar,
    outboundPolicy:
      policy === undefined
        ? push.meshConfig.outboundTrafficPolicy
        : (policy.mode ?? 'REGISTRY_ONLY'),
    egressProxy: policy?.egressProxy,
  };
};

/** The DestinationRule in force between a proxy and a service. */
export const destinationRuleFor = (
  push: PushContext,
  proxy: Pick<OutboundClient, 'namespace' | 'labels'>,
  service: Pick<MeshService, 'hostname' | 'namespace'>,
): MeshDestinationRule | undefined =>
  findDestinationRule(push.destinationRules, service, proxy, push.meshConfig.rootNamespace);
