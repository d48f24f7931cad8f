import type { ConfigMap, KubeObject } from '@lateen/api';
import { readMeshConfigText } from '@lateen/pilot';
import { meshInputs, simulatedKinds } from '@lateen/simulation';
import type { MeshConfig, MeshInputs } from '@lateen/translator';

/** Kinds whose change changes what proxies get. */
const translatedKinds: ReadonlySet<string> = new Set(simulatedKinds);

/** Whether a kind has a say in what proxies get. */
export const isTranslated = (kind: string): boolean => translatedKinds.has(kind);

/** The mesh configuration, read as istiod reads it; undefined: there is none, or none that can be read. */
export const meshConfigOf = (objects: readonly KubeObject[]): MeshConfig | undefined => {
  const map = objects.find(
    ({ kind, metadata }) =>
      kind === 'ConfigMap' && metadata.name === 'istio' && metadata.namespace === 'istio-system',
  ) as ConfigMap | undefined;
  const text = map?.data?.['mesh'];
  return text === undefined ? undefined : readMeshConfigText(text).value;
};

/** The translator's inputs of objects. */
export const translatorInputs = (objects: readonly KubeObject[]): MeshInputs =>
  meshInputs(objects, meshConfigOf(objects) ?? {});
