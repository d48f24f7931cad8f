import { typeUrls } from '@lateen/xds';
import { mergeScopes, type PushScope } from '../ads/proxy-stream.ts';
import { type WatchedKindName, watchedKinds } from './watched-kind.ts';

/** What happened to the API objects since the last push, merged. */
export interface ConfigChange {
  readonly scope: PushScope;
  /** Kinds that changed, for the metrics. */
  readonly kinds: ReadonlySet<string>;
  /**
   * Addresses of workloads whose pod or endpoint changed: what a proxy there serves may have changed
   * with it, so that it gets everything anew even when the scope is endpoints only.
   */
  readonly addresses: ReadonlySet<string>;
}

/** What a change of one object means; `before` and `after` as in `InformerChange`. */
export const objectChange = (
  name: WatchedKindName,
  { before, after }: { readonly before?: unknown; readonly after?: unknown },
): ConfigChange => {
  const { scope, resource } = watchedKinds[name];
  const touchesWorkloads = name === 'pods' || name === 'endpointSlices';
  return {
    scope,
    kinds: new Set([resource.kind]),
    addresses: new Set(
      touchesWorkloads ? [...workloadAddresses(before), ...workloadAddresses(after)] : [],
    ),
  };
};

/** Anything may be different now, because of an object of this kind. */
export const wholeChange = (kind: string): ConfigChange => ({
  scope: 'all',
  kinds: new Set([kind]),
  addresses: new Set(),
});

/** Both changes together. */
export const mergeChanges = (left: ConfigChange, right: ConfigChange): ConfigChange => ({
  scope: mergeScopes(left.scope, right.scope),
  kinds: left.kinds.union(right.kinds),
  addresses: left.addresses.union(right.addresses),
});

/** The same change, with clusters besides. */
export const withClusters = (change: ConfigChange): ConfigChange => ({
  ...change,
  scope: mergeScopes(change.scope, new Set([typeUrls.cluster])),
});

/** What a change means for the proxy of a workload with these addresses. */
export const scopeForProxy = (
  { scope, addresses }: ConfigChange,
  proxyAddresses: readonly string[],
): PushScope => (proxyAddresses.some((address) => addresses.has(address)) ? 'all' : scope);

const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;

/** The workload addresses a Pod or an EndpointSlice names; none for other kinds. */
export const workloadAddresses = (object: unknown): readonly string[] => {
  const podIp = fieldOf(fieldOf(object, 'status'), 'podIP');
  const endpoints = arrayOf(fieldOf(object, 'endpoints'));
  return [
    podIp,
    ...endpoints.flatMap((endpoint) => arrayOf(fieldOf(endpoint, 'addresses'))),
  ].filter((address) => typeof address === 'string');
};
