import type { Endpoints } from '@lateen/api';
import { ApiError } from '../api-error.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Where a request to `services/NAME:PORT/proxy` goes. */
export interface ServiceProxyTarget {
  readonly podName: string;
  readonly port: number;
}

/** `[SCHEME:]NAME[:PORT]`, as paths of pods/proxy and services/proxy name their target. */
export interface ProxyName {
  readonly name: string;
  /** Name or number; undefined when it is left out. */
  readonly port: string | undefined;
}

/** Reads `NAME`, `NAME:PORT` and `SCHEME:NAME:PORT`; the scheme counts for nothing. */
export const parseProxyName = (text: string): ProxyName => {
  const words = text.split(':');
  const [name = '', port] = words.length === 3 ? words.slice(1) : words;
  return { name, port: port === '' ? undefined : port };
};

/**
 * A ready endpoint of a service. `port` is a port of the service, by name or number; left out, the only one.
 * @throws ApiError ServiceUnavailable when nothing is ready behind it.
 */
export const serviceProxyTarget = (
  store: ObjectStore,
  namespace: string,
  { name, port }: ProxyName,
): ServiceProxyTarget => {
  const service = store.get(`//services/${namespace}/${name}`);
  const ports = (
    service?.spec as { ports?: readonly { name?: string; port: number }[] } | undefined
  )?.ports;
  const wanted = ports?.find(
    (one) => port === undefined || one.name === port || String(one.port) === port,
  );
  const endpoints = store.get(`//endpoints/${namespace}/${name}`) as Endpoints | undefined;
  for (const subset of endpoints?.subsets ?? []) {
    const open = subset.ports?.find((one) => (one.name ?? '') === (wanted?.name ?? ''));
    const pod = subset.addresses?.find((address) => address.targetRef?.kind === 'Pod')?.targetRef;
    if (wanted !== undefined && open !== undefined && pod?.name !== undefined)
      return { podName: pod.name, port: open.port };
  }
  throw new ApiError('ServiceUnavailable', `no endpoints available for service "${name}"`);
};
