import { istioKinds, type KubeObject } from '@lateen/api';
import {
  apiVersionOf,
  isKubeError,
  type KubeClient,
  type ListOptions,
  type Resource,
  resourceOf,
  resources,
} from '@lateen/kube';
import { remoteSecretLabel } from '@lateen/pilot';
import { simulatedKinds } from '@lateen/simulation';

/** Where Istio keeps its mesh configuration and the Secrets of other clusters. */
export const rootNamespace = 'istio-system';

const readResources: readonly Resource[] = [
  ...Object.values(resources).filter(({ kind }) => simulatedKinds.includes(kind)),
  ...istioKinds.filter(({ kind }) => simulatedKinds.includes(kind)).map((kind) => resourceOf(kind)),
];

/** What a cluster's API server answered. */
export interface ReadCluster {
  readonly objects: readonly KubeObject[];
  /** Text of the mesh configuration (ConfigMap `istio`); undefined: there is none. */
  readonly mesh: string | undefined;
  /** Secrets that name other clusters; undefined: they may not be read. */
  readonly secrets: readonly KubeObject[] | undefined;
  /** False: the rules of the mesh may not be read, only services and workloads. */
  readonly hasRules: boolean;
}

/** How a cluster is read. */
export interface ReadOptions {
  /** Gives up. */
  readonly signal?: AbortSignal;
  /** A cluster whose rules may not be read is an error. Default false. */
  readonly needsRules?: boolean;
}

type Listed = readonly KubeObject[] | 'forbidden';

/** A kind that is not installed has no objects. */
const list = async (
  client: KubeClient,
  resource: Resource,
  { mayBeForbidden, ...options }: ListOptions & { readonly mayBeForbidden: boolean },
): Promise<Listed> => {
  try {
    const { items } = await client.list(resource, options);
    // Items of a list leave out what the list says itself.
    const { kind } = resource;
    return items.map((item) => ({ ...item, apiVersion: apiVersionOf(resource), kind }));
  } catch (error) {
    if (isKubeError(error, 'not-found')) return [];
    if (mayBeForbidden && isKubeError(error, 'forbidden')) return 'forbidden';
    throw error;
  }
};

const meshConfigOf = (maps: Listed): string | undefined => {
  if (maps === 'forbidden') return undefined;
  const map = maps.find(({ metadata }) => metadata.name === 'istio');
  return (map as { readonly data?: Readonly<Record<string, string>> } | undefined)?.data?.['mesh'];
};

const isRule = ({ group }: Resource): boolean => group.endsWith('.istio.io');

/** Everything of a cluster that decides where requests go. Rejects with KubeError. */
export const readCluster = async (
  client: KubeClient,
  { signal, needsRules = false }: ReadOptions = {},
): Promise<ReadCluster> => {
  const limit = signal === undefined ? {} : { signal };
  const inRoot = { ...limit, namespace: rootNamespace, mayBeForbidden: true };
  const [maps, secrets, ...lists] = await Promise.all([
    list(client, resources.configMaps, { ...inRoot, fieldSelector: 'metadata.name=istio' }),
    list(client, resources.secrets, { ...inRoot, labelSelector: `${remoteSecretLabel}=true` }),
    ...readResources.map((resource) =>
      list(client, resource, { ...limit, mayBeForbidden: isRule(resource) && !needsRules }),
    ),
  ]);
  return {
    objects: lists.flatMap((found) => (found === 'forbidden' ? [] : found)),
    mesh: meshConfigOf(maps),
    secrets: secrets === 'forbidden' ? undefined : secrets,
    hasRules: lists.every((found) => found !== 'forbidden'),
  };
};
