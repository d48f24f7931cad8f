import type { Container, KubeObject, Pod } from '@lateen/api';
import { rootNamespace } from './cluster-objects.ts';

/** Which clusters have their control plane elsewhere (Istio's primary-remote installation). */
const controlPlaneAnnotation = 'topology.istio.io/controlPlaneClusters';

const variable = ({ env = [] }: Container, name: string): string | undefined =>
  env.find((one) => one.name === name)?.value;

const podsOf = (objects: readonly KubeObject[]): readonly Pod[] =>
  objects.filter(({ kind }) => kind === 'Pod') as readonly Pod[];

const isIstiod = ({ metadata: { namespace, labels } }: Pod): boolean =>
  namespace === rootNamespace && labels?.['app'] === 'istiod';

/** Id of a cluster as its own control plane or proxies say; undefined: nobody does. */
export const clusterIdOf = (objects: readonly KubeObject[]): string | undefined => {
  const pods = podsOf(objects);
  for (const { spec } of pods.filter(isIstiod)) {
    const named = spec.containers.map((one) => variable(one, 'CLUSTER_ID')).find(Boolean);
    if (named !== undefined) return named;
  }
  for (const { spec } of pods) {
    const proxies = [...spec.containers, ...(spec.initContainers ?? [])];
    const proxy = proxies.find(({ name }) => name === 'istio-proxy');
    const named = proxy && variable(proxy, 'ISTIO_META_CLUSTER_ID');
    if (named !== undefined) return named;
  }
  return undefined;
};

/** A cluster without a control plane of its own: the ids that may serve it, `*` for any; undefined: it has one. */
export const controlPlanesOf = (objects: readonly KubeObject[]): readonly string[] | undefined => {
  if (podsOf(objects).some(isIstiod)) return undefined;
  const root = objects.find(
    ({ kind, metadata }) => kind === 'Namespace' && metadata.name === rootNamespace,
  );
  const named = root?.metadata.annotations?.[controlPlaneAnnotation];
  return named?.split(',').map((one) => one.trim());
};
