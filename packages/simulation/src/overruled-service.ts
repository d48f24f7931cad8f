import { hostIsWithin, isWildcardHost } from '@lateen/api';
import type { RouteEntry, VirtualHostTable } from '@lateen/routing';
import type { PushContext } from '@lateen/translator';
import { fieldOf } from './field-access.ts';
import { type Locate, objectOrigin } from './rule-origin.ts';
import type { ObjectOrigin } from './simulation.ts';

const meshGateway = 'mesh';

const names = (hosts: readonly string[], hostname: string): boolean =>
  hosts.some((host) => host === hostname || (isWildcardHost(host) && hostIsWithin(hostname, host)));

const isSeenIn = (exportTo: readonly string[], owner: string, namespace: string): boolean =>
  exportTo.some(
    (entry) => entry === '*' || entry === namespace || (entry === '.' && owner === namespace),
  );

/**
 * VirtualServices that a sidecar sees and that name the host of a request, but not the one in force:
 * in the mesh a host has one, of those that name it exactly the oldest, else that of the longest
 * wildcard.
 */
export const overruledServices = (
  context: {
    readonly push: PushContext;
    readonly locate: Locate;
    readonly meshNamespace: string | undefined;
  },
  host: VirtualHostTable,
  route: RouteEntry,
): readonly ObjectOrigin[] => {
  const inForce = fieldOf(route.metadata['istio'], 'config');
  const { push, locate, meshNamespace = '' } = context;
  const hostname = host.name.slice(0, host.name.lastIndexOf(':'));
  if (inForce === undefined || hostname === '') return [];
  return push.virtualServices
    .filter(
      (one) =>
        one.config !== inForce &&
        one.http.length > 0 &&
        one.gateways.includes(meshGateway) &&
        names(one.hosts, hostname) &&
        isSeenIn(one.exportTo, one.namespace, meshNamespace),
    )
    .flatMap(({ config }) => objectOrigin(config, 'spec.hosts', locate) ?? []);
};
