import { crdFromKind } from '../custom-resource.ts';
import type { CustomResourceDefinition } from '../kubernetes/custom-resource-definition.ts';
import { istioKinds } from './istio-kinds.ts';

/** Labels Istio's own installation puts on its CRDs. */
const labels = { app: 'istio-pilot', chart: 'istio', release: 'istio' } as const;

/** The fifteen CustomResourceDefinitions of an Istio installation, ready to be created. */
export const istioCrds: readonly CustomResourceDefinition[] = istioKinds.map((kind) =>
  crdFromKind(kind, { labels }),
);
