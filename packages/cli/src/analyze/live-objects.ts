import { istioKinds, type KubeObject } from '@lateen/api';
import {
  createKubeClient,
  isKubeError,
  type KubeClient,
  type KubeConnection,
  type Resource,
  resourceOf,
  resources,
} from '@lateen/kube';

/** Kinds that no analyzer reads. */
const unread: ReadonlySet<string> = new Set(['IstioOperator']);

const analyzed: readonly Resource[] = [
  resources.namespaces,
  resources.nodes,
  resources.services,
  resources.pods,
  resources.deployments,
  resources.secrets,
  ...istioKinds.filter(({ kind }) => !unread.has(kind)).map((kind) => resourceOf(kind)),
];

/** A list's items carry neither apiVersion nor kind. */
const complete = ({ group, version, kind }: Resource, item: KubeObject): KubeObject => ({
  ...item,
  apiVersion: group === '' ? version : `${group}/${version}`,
  kind,
});

const listOf = async (client: KubeClient, resource: Resource): Promise<readonly KubeObject[]> => {
  try {
    const { items } = await client.list(resource);
    return items.map((item) => complete(resource, item));
  } catch (error) {
    // A cluster without this kind, or a user who may not read it: analyzers do without.
    if (isKubeError(error, 'not-found') || isKubeError(error, 'forbidden')) return [];
    throw error;
  }
};

/** Everything analyzers look at, in all namespaces. Rejects with KubeError. */
export const liveObjects = async (connection: KubeConnection): Promise<readonly KubeObject[]> => {
  const client = createKubeClient(connection);
  const lists = await Promise.all(analyzed.map((resource) => listOf(client, resource)));
  return lists.flat();
};

/** The mesh configuration as istiod reads it: the ConfigMap `istio`, or undefined when it is not there. */
export const liveMeshConfig = async (client: KubeClient): Promise<string | undefined> => {
  try {
    const map = await client.get<KubeObject & { data?: Record<string, string> }>(
      resources.configMaps,
      { name: 'istio', namespace: 'istio-system' },
    );
    return map.data?.['mesh'];
  } catch (error) {
    if (isKubeError(error, 'not-found')) return undefined;
    throw error;
  }
};
