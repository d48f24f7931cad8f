import type { ResourceKind } from '../../resource-kind.ts';
import {
  array,
  boolean,
  int32,
  object,
  oneOfStrings,
  string,
  strings,
  time,
} from '../../schema/combinators.ts';
import type { LeaseSpec } from '../lease.ts';
import type { NamespaceSpec } from '../namespace.ts';
import type { NodeSpec, Taint } from '../node.ts';
import { looseStatusSchema } from '../schema/part.ts';
import { coreKind } from './core-kind.ts';

/** core/v1 Namespace. */
export const namespaceKind: ResourceKind = coreKind({
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  properties: {
    spec: object<NamespaceSpec>({ finalizers: strings }),
    status: looseStatusSchema,
  },
  statusSubresource: true,
});

const taint = object<Taint>(
  {
    key: string,
    value: string,
    effect: oneOfStrings('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
    timeAdded: time,
  },
  ['key', 'effect'],
);

/** core/v1 Node. */
export const nodeKind: ResourceKind = coreKind({
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  properties: {
    spec: object<NodeSpec & { readonly externalID?: string }>({
      podCIDR: string,
      podCIDRs: strings,
      providerID: string,
      unschedulable: boolean,
      taints: array(taint),
      externalID: string,
    }),
    status: looseStatusSchema,
  },
  statusSubresource: true,
});

/** coordination.k8s.io/v1 Lease. */
export const leaseKind: ResourceKind = coreKind({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  plural: 'leases',
  properties: {
    spec: object<LeaseSpec>({
      holderIdentity: string,
      leaseDurationSeconds: int32,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: int32,
      strategy: string,
      preferredHolder: string,
    }),
  },
});
