import { istioKinds, type KubeObject } from '@lateen/api';
import { isKubeError, type KubeClient, type Resource, resourceOf, resources } from '@lateen/kube';
import { simulatedKinds } from '@lateen/simulation';

const readResources = (): readonly Resource[] => {
  const builtin = Object.values(resources).filter(({ kind }) => simulatedKinds.includes(kind));
  const istio = istioKinds.filter(({ kind }) => simulatedKinds.includes(kind));
  return [...builtin, ...istio.map((kind) => resourceOf(kind))];
};

/** A kind that is not installed has no objects. */
const list = async (client: KubeClient, resource: Resource): Promise<readonly KubeObject[]> => {
  try {
    const { items } = await client.list(resource);
    const apiVersion =
      resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
    // Items of a list leave out what the list says itself.
    return items.map((item) => ({ ...item, apiVersion, kind: resource.kind }));
  } catch (error) {
    if (isKubeError(error, 'not-found')) return [];
    throw error;
  }
};

/** Everything of a cluster that decides where requests go. Rejects with KubeError. */
export const liveObjects = async (client: KubeClient): Promise<readonly KubeObject[]> => {
  const lists = await Promise.all(readResources().map((resource) => list(client, resource)));
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
