import { fieldPath, type KubeObject } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type Finding, finding } from '../finding.ts';
import { deprecatedAnnotation, misplacedAnnotation, unknownAnnotation } from '../message.ts';
import { annotationPlaces, deprecatedAnnotations } from './known-annotations.ts';

/** Whether an annotation is in a namespace of Istio's. */
const isOurs = (key: string): boolean =>
  key === 'kubernetes.io/ingress.class' || (key.split('/', 1)[0]?.endsWith('istio.io') ?? false);

const checkAnnotation = (object: KubeObject, key: string): readonly Finding[] => {
  const path = fieldPath('metadata.annotations', key);
  const kinds = annotationPlaces.get(key);
  if (kinds === undefined) return [finding(object, unknownAnnotation(key), path)];
  const extra = deprecatedAnnotations.get(key);
  const hasReplacement = Object.hasOwn(object.metadata.labels ?? {}, key);
  const old =
    extra === undefined || hasReplacement
      ? []
      : [finding(object, deprecatedAnnotation(key, extra), path)];
  return kinds.includes('Any') || kinds.includes(object.kind)
    ? old
    : [...old, finding(object, misplacedAnnotation(key, kinds), path)];
};

/** Istio's annotations are known and on objects that they mean something for. */
export const annotations: Analyzer = {
  name: 'annotations.K8sAnalyzer',
  description: 'Checks for misplaced and invalid Istio annotations in Kubernetes resources',
  analyze: ({ namespaces, services, pods, deployments }) =>
    [...namespaces.values(), ...services, ...pods, ...deployments].flatMap((object) =>
      Object.keys(object.metadata.annotations ?? {})
        .filter(isOurs)
        .flatMap((key) => checkAnnotation(object, key)),
    ),
};
