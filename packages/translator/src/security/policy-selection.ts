import type { Config } from '../input/config.ts';
import type { PolicyTarget, PolicyTargetReference } from '../input/policy-target.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { proxyWorkload } from '../proxy/proxy-workload.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { selects } from '../registry/workload.ts';
import type { SelectedWorkload } from './peer-authentication-index.ts';
import type { PolicyIndex } from './policy-index.ts';

/** Label by which proxies of the Kubernetes Gateway API belong to their Gateway. */
const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';

/** A proxy as policies select it. */
export interface PolicySubject extends SelectedWorkload {
  /** `namespace/name` of the networking.istio.io Gateways that it serves. */
  readonly gateways: ReadonlySet<string>;
}

/** What policies see of a proxy. */
export const policySubject = (push: PushContext, proxy: ProxyDescriptor): PolicySubject => {
  const { namespace, labels } = proxyWorkload(push, proxy);
  const gateways = proxy.type === 'router' ? push.gateways : [];
  return {
    namespace,
    labels,
    gateways: new Set(
      gateways
        .filter(({ spec }) => selects(spec.selector, labels))
        .map((gateway) => `${gateway.namespace}/${gateway.name}`),
    ),
  };
};

const refersTo = (
  { group, kind, name, namespace }: PolicyTargetReference,
  policyNamespace: string,
  { gateways, labels, namespace: own }: PolicySubject,
): boolean => {
  if (kind !== 'Gateway' || (namespace && namespace !== policyNamespace)) return false;
  if (group === 'networking.istio.io') return gateways.has(`${policyNamespace}/${name}`);
  return (
    group === 'gateway.networking.k8s.io' &&
    policyNamespace === own &&
    labels.get(gatewayNameLabel) === name
  );
};

/**
 * Whether a policy is for a proxy. References pick gateways only; a policy without them picks by its
 * selector, and everything in its namespace without one. In the root namespace it is for all namespaces.
 */
export const appliesTo = (
  { namespace, spec }: Config<PolicyTarget>,
  subject: PolicySubject,
): boolean => {
  const references =
    spec.targetRefs.length > 0 ? spec.targetRefs : spec.targetRef ? [spec.targetRef] : [];
  if (references.length > 0) {
    return references.some((reference) => refersTo(reference, namespace, subject));
  }
  return selects(spec.selector?.matchLabels ?? new Map(), subject.labels);
};

/** Policies for a proxy, from the namespaces given, in their order and oldest first. */
export const policiesFor = <Spec extends PolicyTarget>(
  index: PolicyIndex<Spec>,
  subject: PolicySubject,
  namespaces: readonly string[],
): readonly Config<Spec>[] =>
  [...new Set(namespaces)].flatMap((namespace) =>
    (index.get(namespace) ?? []).filter((config) => appliesTo(config, subject)),
  );
