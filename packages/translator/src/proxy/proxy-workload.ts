import type { PushContext } from '../push-context/push-context.ts';
import { registryOf } from '../push-context/registry-of.ts';
import type { Workload } from '../registry/workload.ts';
import type { ProxyDescriptor } from './proxy-descriptor.ts';

/**
 * The workload behind a proxy as policies select it: by the labels its pod has now in the API
 * server, by those the proxy tells only where no pod is known.
 */
export const proxyWorkload = (
  push: PushContext,
  proxy: ProxyDescriptor,
): Pick<Workload, 'namespace' | 'labels'> =>
  registryOf(push, proxy.clusterId)?.workloads.get(`${proxy.namespace}/${proxy.podName}`) ?? proxy;
