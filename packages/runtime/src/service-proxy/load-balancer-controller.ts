import type { Service } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { type Informer, isKubeError, type KubeClient, resources, WorkQueue } from '@lateen/kube';
import { AddressPool } from '../network/address-pool.ts';
import type { AddressRange } from '../network/network.ts';

export interface LoadBalancerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly services: Informer<Service>;
  readonly addresses: AddressRange;
}

const ingressAddress = (service: Service): string | undefined =>
  service.status?.loadBalancer?.ingress?.[0]?.ip;

const writeAddress = async (
  client: KubeClient,
  service: Service,
  pool: AddressPool,
): Promise<void> => {
  const { name, namespace, uid = name, deletionTimestamp } = service.metadata;
  if (deletionTimestamp !== undefined) return;
  const balanced = service.spec?.type === 'LoadBalancer';
  const wanted = balanced ? pool.claim(uid, service.spec?.loadBalancerIP) : undefined;
  if (wanted === ingressAddress(service)) return;
  const ingress = wanted === undefined ? null : [{ ip: wanted }];
  const body = { status: { loadBalancer: { ingress } } };
  try {
    const request = { kind: 'merge', name, namespace, body, subresource: 'status' } as const;
    await client.patch(resources.services, request);
  } catch (error) {
    if (!isKubeError(error, 'not-found')) throw error;
  }
};

/**
 * Gives each service of type LoadBalancer an external address and says so in its status; takes it
 * back when the service changes its type or goes. Returns the controller's end.
 */
export const startLoadBalancerController = (options: LoadBalancerOptions): (() => void) => {
  const { client, clock, log, services, addresses } = options;
  const pool = new AddressPool(addresses);
  // Addresses given by an earlier run stay with their services: they claim before all others.
  for (const service of services.list())
    if (service.spec?.type === 'LoadBalancer' && ingressAddress(service) !== undefined)
      pool.claim(service.metadata.uid ?? '', ingressAddress(service));
  const reconcile = async (key: string): Promise<void> => {
    const service = services.getByKey(key);
    if (service !== undefined) await writeAddress(client, service, pool);
  };
  const queue = new WorkQueue({ name: 'load-balancer', reconcile, clock, log });
  const unsubscribe = services.onChange(({ key, before, after }) => {
    if (before !== undefined && after?.metadata.uid !== before.metadata.uid)
      pool.release(before.metadata.uid ?? key);
    if (after !== undefined && after.spec?.type !== 'LoadBalancer')
      pool.release(after.metadata.uid ?? key);
    if (after !== undefined) queue.add(key);
  });
  return () => {
    unsubscribe();
    queue.stop();
  };
};
