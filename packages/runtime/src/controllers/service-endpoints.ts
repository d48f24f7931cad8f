import type { Pod, Service } from '@lateen/api';
import { isActive, isReady } from './pod-condition.ts';

/** One address behind a service. */
export interface ServiceAddress {
  readonly ip: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly pod: Pod;
}

/** A port as an EndpointSlice lists it: the pod's number under the service port's name. */
export interface AddressPort {
  readonly name?: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol?: string;
}

/** Addresses that listen on the same ports: one EndpointSlice, one subset of Endpoints. */
export interface AddressGroup {
  readonly ports: readonly AddressPort[];
  readonly addresses: readonly ServiceAddress[];
}

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/** A named target port is looked up among the pod's container ports. */
const resolveTargetPort = (port: ServicePort, pod: Pod): number | undefined => {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  if (/^\d+$/.test(target)) return Number(target);
  const ports = pod.spec?.containers.flatMap((container) => container.ports ?? []) ?? [];
  return ports.find(({ name }) => name === target)?.containerPort;
};

const portsFor = (service: Service, pod: Pod): readonly AddressPort[] =>
  (service.spec?.ports ?? []).flatMap((port) => {
    const number = resolveTargetPort(port, pod);
    if (number === undefined) return [];
    return [
      {
        ...(port.name !== undefined && { name: port.name }),
        port: number,
        protocol: port.protocol ?? 'TCP',
        ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
      },
    ];
  });

const isFinished = (pod: Pod): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

const addressOf = (service: Service, pod: Pod, ip: string): ServiceAddress => {
  const serving = isReady(pod) || service.spec?.publishNotReadyAddresses === true;
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  return { ip, serving, terminating, ready: serving && isActive(pod), pod };
};

/** The pods of a service by the ports they listen on, in a stable order. */
export const groupAddresses = (service: Service, pods: readonly Pod[]): readonly AddressGroup[] => {
  const groups = new Map<string, { ports: readonly AddressPort[]; addresses: ServiceAddress[] }>();
  const named = pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const pod of named) {
    const ip = pod.status?.podIP;
    if (ip === undefined || ip === '' || isFinished(pod)) continue;
    const ports = portsFor(service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, addresses: [] };
    group.addresses.push(addressOf(service, pod, ip));
    groups.set(key, group);
  }
  return [...groups.values()];
};
