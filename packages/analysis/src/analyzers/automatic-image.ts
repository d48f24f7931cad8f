import type { Container } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { namespaceOf } from '../context/analysis-context.ts';
import { type InjectionFacts, isInMesh } from '../context/workload.ts';
import { finding } from '../finding.ts';
import { imageAutoWithoutInjectionError, imageAutoWithoutInjectionWarning } from '../message.ts';

/** Index of a proxy container whose image the injector is to fill in; -1: there is none. */
const automaticProxy = (containers: readonly Container[] | undefined): number =>
  (containers ?? []).findIndex(({ name, image }) => name === 'istio-proxy' && image === 'auto');

const willBeInjected = (facts: Omit<InjectionFacts, 'containers'>): boolean =>
  isInMesh({ ...facts, containers: [] });

/** `image: auto` where no injector will write the image. */
export const automaticImage: Analyzer = {
  name: 'injection.ImageAutoAnalyzer',
  description: 'Makes sure that Pods and Deployments with `image: auto` are going to be injected',
  analyze: ({ pods, deployments, namespaces }) => [
    ...pods.flatMap((pod) => {
      const index = automaticProxy(pod.spec.containers);
      const message = imageAutoWithoutInjectionError('Pod', pod.metadata.name);
      return index < 0 ? [] : [finding(pod, message, `spec.containers[${index}].image`)];
    }),
    ...deployments.flatMap((one) => {
      const { metadata, spec } = one.spec.template;
      const index = automaticProxy(spec?.containers);
      const { labels, annotations } = metadata ?? {};
      const namespace = namespaces.get(namespaceOf(one));
      if (index < 0 || willBeInjected({ labels, annotations, namespace })) return [];
      const message = imageAutoWithoutInjectionWarning('Deployment', one.metadata.name);
      return [finding(one, message, `spec.template.spec.containers[${index}].image`)];
    }),
  ],
};
