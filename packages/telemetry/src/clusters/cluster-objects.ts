import { type ConfigMap, istioKinds, type KubeObject } from '@lateen/api';
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
  /** Roots that workloads are given (ConfigMap `istio-ca-root-cert`), PEM; undefined: not known. */
  readonly roots: string | undefined;
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

/** A text of a ConfigMap of the root namespace; undefined: there is none, or it may not be read. */
export const configText = (
  objects: readonly KubeObject[],
  name: string,
  key: string,
): string | undefined => {
  const map = objects.find(
    ({ kind, metadata }) =>
      kind === 'ConfigMap' && metadata.name === name && metadata.namespace === rootNamespace,
  );
  return (map as ConfigMap | undefined)?.data?.[key];
};

/** What of a cluster's ConfigMaps matters. */
export const readConfigMaps = (
  maps: readonly KubeObject[],
): Pick<ReadCluster, 'mesh' | 'roots'> => ({
  mesh: configText(maps, 'istio', 'mesh'),
  roots: configText(maps, 'istio-ca-root-cert', 'root-cert.pem'),
});

const isRule = ({ group }: Resource): boolean => group.endsWith('.istio.io');

/** Everything of a cluster that decides where requests go. Rejects with KubeError. */
export const readCluster = async (
  client: KubeClient,
  { signal, needsRules = false }: ReadOptions = {},
): Promise<ReadCluster> => {
  const limit = signal === undefined ? {} : { signal };
  const inRoot = { ...limit, namespace: rootNamespace, mayBeForbidden: true };
  const named = (name: string): Promise<Listed> =>
    list(client, resources.configMaps, { ...inRoot, fieldSelector: `metadata.name=${name}` });
  const [mesh, roots, secrets, ...lists] = await Promise.all([
    named('istio'),
    named('istio-ca-root-cert'),
    list(client, resources.secrets, { ...inRoot, labelSelector: `${remoteSecretLabel}=true` }),
    ...readResources.map((resource) =>
      list(client, resource, { ...limit, mayBeForbidden: isRule(resource) && !needsRules }),
    ),
  ]);
  return {
    objects: lists.flatMap((found) => (found === 'forbidden' ? [] : found)),
    ...readConfigMaps([mesh, roots].flatMap((found) => (found === 'forbidden' ? [] : found))),
    secrets: secrets === 'forbidden' ? undefined : secrets,
    hasRules: lists.every((found) => found !== 'forbidden'),
  };
};
