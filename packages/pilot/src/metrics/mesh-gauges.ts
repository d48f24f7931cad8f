import { isHttpProtocol, isTlsProtocol, type KubeObject } from '@lateen/api';
import { Metric } from '@lateen/base';
import type { PushContext } from '@lateen/translator';

/** What istiod says of the mesh as it is, each one number. */
export interface MeshGauges {
  /** Pods that run and have no address. */
  readonly noIp: Metric;
  /** Endpoints that are known and not ready. */
  readonly endpointNotReady: Metric;
  /** Ports of services that nothing is behind. */
  readonly edsNoInstances: Metric;
  /** Workload ports that services call HTTP and TCP at once. */
  readonly inboundConflicts: Metric;
  /** TCP services without an address that have the port of an older one: they get no traffic. */
  readonly tcpOverTcp: Metric;
  /** TCP services without an address that have the port of an HTTP service. */
  readonly tcpOverHttp: Metric;
}

const gauge = (name: string, help: string): Metric => {
  const metric = new Metric(name, 'gauge', help);
  metric.set(0);
  return metric;
};

const outboundConflict = 'pilot_conflict_outbound_listener';

/** Gauges of the mesh under istiod's names, all 0. */
export const createMeshGauges = (): MeshGauges => ({
  noIp: gauge('pilot_no_ip', 'Pods not found in the endpoint table, possibly invalid.'),
  endpointNotReady: gauge('pilot_endpoint_not_ready', 'Endpoint found in unready state.'),
  edsNoInstances: gauge('pilot_eds_no_instances', 'Number of clusters without instances.'),
  inboundConflicts: gauge(
    'pilot_conflict_inbound_listener',
    'Number of conflicting inbound listeners.',
  ),
  tcpOverTcp: gauge(
    `${outboundConflict}_tcp_over_current_tcp`,
    'Number of conflicting tcp listeners with current tcp listener.',
  ),
  tcpOverHttp: gauge(
    `${outboundConflict}_tcp_over_current_http`,
    'Number of conflicting wildcard tcp listeners with current wildcard http listener.',
  ),
});

type Service = PushContext['services']['services'][number];

const keyOf = ({ namespace, hostname }: Service): string => `${namespace}/${hostname}`;

/** Ports by service that are found by endpoints, and have none. */
const portsWithoutInstances = ({ services, endpoints }: PushContext): number => {
  let count = 0;
  for (const service of services.services) {
    if (service.resolution !== 'client-side') continue;
    const known = new Set(
      (endpoints.get(keyOf(service)) ?? []).map(({ servicePortName }) => servicePortName),
    );
    count += service.ports.filter(({ name }) => !known.has(name)).length;
  }
  return count;
};

/** Undeclared ports take both, and are in nobody's way. */
const kindOf = ({ protocol }: Service['ports'][number]): 'http' | 'tcp' | undefined => {
  if (protocol === 'Auto') return undefined;
  return isHttpProtocol(protocol) ? 'http' : 'tcp';
};

const inboundConflicts = ({ services, endpoints }: PushContext): number => {
  const kinds = new Map<string, Set<string>>();
  for (const service of services.services) {
    const kindByPort = new Map(service.ports.map((port) => [port.name, kindOf(port)]));
    for (const { address, port, servicePortName } of endpoints.get(keyOf(service)) ?? []) {
      const kind = kindByPort.get(servicePortName);
      if (kind === undefined) continue;
      const place = `${address}:${port}`;
      kinds.set(place, (kinds.get(place) ?? new Set()).add(kind));
    }
  }
  return [...kinds.values()].filter(({ size }) => size > 1).length;
};

type PortView = Service['ports'][number] & { readonly isWildcard: boolean };

/** TCP of no service in particular: the port alone says which is meant. */
const isWildcardTcp = ({ isWildcard, protocol }: PortView): boolean =>
  isWildcard && protocol !== 'Auto' && !isHttpProtocol(protocol) && !isTlsProtocol(protocol);

/** Services that share the wildcard address of a port, where bytes do not say which is meant. */
const outboundConflicts = ({ services }: PushContext) => {
  const ports = services.services.flatMap((service) =>
    service.ports.map(
      (port): PortView => ({ ...port, isWildcard: service.addresses.length === 0 }),
    ),
  );
  const http = new Set(
    ports.filter(({ protocol }) => isHttpProtocol(protocol)).map(({ number }) => number),
  );
  const tcp = ports.filter(isWildcardTcp).map(({ number }) => number);
  const overTcp = tcp.filter((port) => !http.has(port));
  return {
    tcpOverTcp: overTcp.length - new Set(overTcp).size,
    tcpOverHttp: tcp.length - overTcp.length,
  };
};

const ended: ReadonlySet<unknown> = new Set(['Succeeded', 'Failed']);

const isWithoutAddress = ({ status }: KubeObject): boolean => {
  const { podIP, phase } = (status ?? {}) as { readonly podIP?: unknown; readonly phase?: unknown };
  return !podIP && !ended.has(phase);
};

/** Counts, for whoever asks for the metrics now. */
export const observeMesh = (
  gauges: MeshGauges,
  push: PushContext,
  pods: readonly KubeObject[],
): void => {
  const endpoints = [...push.endpoints.values()].flat();
  gauges.noIp.set(pods.filter(isWithoutAddress).length);
  gauges.endpointNotReady.set(endpoints.filter(({ health }) => health !== 'healthy').length);
  gauges.edsNoInstances.set(portsWithoutInstances(push));
  gauges.inboundConflicts.set(inboundConflicts(push));
  const { tcpOverTcp, tcpOverHttp } = outboundConflicts(push);
  gauges.tcpOverTcp.set(tcpOverTcp);
  gauges.tcpOverHttp.set(tcpOverHttp);
};
