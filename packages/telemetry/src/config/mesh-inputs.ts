import type { ConfigMap, KubeObject } from '@lateen/api';
import { readMeshConfigText } from '@lateen/pilot';
import { meshInputs, simulatedKinds } from '@lateen/simulation';
import type { MeshInputs } from '@lateen/translator';

/** Kinds whose change changes what proxies get. */
const translatedKinds: ReadonlySet<string> = new Set(simulatedKinds);

/** Whether a kind has a say in what proxies get. */
export const isTranslated = (kind: string): boolean => translatedKinds.has(kind);

/** The translator's inputs of objects; the mesh configuration is read as istiod reads it. */
export const translatorInputs = (objects: readonly KubeObject[]): MeshInputs => {
  const map = objects.find(
    ({ kind, metadata }) =>
      kind === 'ConfigMap' && metadata.name === 'istio' && metadata.namespace === 'istio-system',
  ) as ConfigMap | undefined;
  const text = map?.data?.['mesh'];
  return meshInputs(objects, text === undefined ? {} : (readMeshConfigText(text).value ?? {}));
};
