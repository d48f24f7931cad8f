import type { KubeObject } from '@lateen/api';
import { listOf, textOf, textsOf } from './field-access.ts';

/** The container of a pod that is its proxy; undefined: it has none, or not yet. */
export const proxyContainer = (pod: KubeObject): unknown =>
  [...listOf(pod, 'spec', 'containers'), ...listOf(pod, 'spec', 'initContainers')].find(
    (container) => textOf(container, 'name') === 'istio-proxy',
  );

/** What the arguments of a gateway's proxy name, as `istio-proxy` takes them. */
const routerRole = 'router';

/** Annotation by which a pod chooses what is injected, and the template of gateways. */
const templatesKey = 'inject.istio.io/templates';
const gatewayTemplate = 'gateway';

/** Whether a pod is a gateway: its proxy stands alone, in front of nothing. */
export const isRouter = (pod: KubeObject): boolean => {
  const templates = textsOf(pod, 'metadata', 'annotations')[templatesKey] ?? '';
  return (
    listOf(proxyContainer(pod), 'args').includes(routerRole) ||
    templates.split(',').includes(gatewayTemplate)
  );
};
