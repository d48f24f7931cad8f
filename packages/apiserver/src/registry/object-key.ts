import type { ServedKind } from './kind-registry.ts';

/** Where an object of this kind is stored. */
export const storeKey = (
  served: ServedKind,
  namespace: string | undefined,
  name: string,
): string =>
  served.kind.namespaced
    ? `${served.storePrefix}${namespace ?? ''}/${name}`
    : `${served.storePrefix}/${name}`;

/** Prefix of a kind's objects, in one namespace or in all. */
export const storePrefix = (served: ServedKind, namespace: string | undefined): string =>
  namespace === undefined || !served.kind.namespaced
    ? served.storePrefix
    : `${served.storePrefix}${namespace}/`;
