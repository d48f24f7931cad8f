import type { KubeObject, Pod } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type Finding, finding } from '../finding.ts';
import { invalidApplicationUid } from '../message.ts';

/** The proxy's own user: what it sends is not led back into it, and so nothing of that user is. */
const proxyUid = 1337;

type PodSpec = Pod['spec'];

const isControlPlane = ({ metadata }: KubeObject): boolean => {
  const { app, istio } = metadata.labels ?? {};
  return app === 'istiod' || istio === 'istiod' || istio === 'pilot';
};

const checkSpec = (
  object: KubeObject,
  spec: PodSpec | undefined,
  path: string,
): readonly Finding[] => {
  if (spec === undefined || isControlPlane(object)) return [];
  const places = [
    ...(spec.securityContext?.runAsUser === proxyUid ? [`${path}.securityContext.runAsUser`] : []),
    ...(spec.containers ?? []).flatMap(({ name, securityContext }, index) =>
      name !== 'istio-proxy' && securityContext?.runAsUser === proxyUid
        ? [`${path}.containers[${index}].securityContext.runAsUser`]
        : [],
    ),
  ];
  return places.map((place) => finding(object, invalidApplicationUid, place));
};

/** Apps that run as the proxy's user. */
export const applicationUid: Analyzer = {
  name: 'applicationUID.Analyzer',
  description: 'Checks invalid application UID',
  analyze: ({ pods, deployments }) => [
    ...pods.flatMap((pod) => checkSpec(pod, pod.spec, 'spec')),
    ...deployments.flatMap((one) => checkSpec(one, one.spec.template.spec, 'spec.template.spec')),
  ],
};
