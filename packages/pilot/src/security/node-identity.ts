import type { KubeObject, Pod } from '@lateen/api';
import type { SpiffeId } from '@lateen/identity';
import type { ProxyDescriptor } from '@lateen/translator';

/** Pods as the control plane knows them. */
export type ListPods = () => readonly KubeObject[];

const accountOf = (pod: Pod): string => pod.spec.serviceAccountName ?? 'default';

const isRunning = ({ status }: Pod): boolean =>
  status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

/** A pod that the node claims to be, or whose address it claims, but whose identity is another. */
const foreignPod = (
  { namespace, addresses }: ProxyDescriptor,
  names: readonly string[],
  { identity, pods }: { readonly identity: SpiffeId; readonly pods: readonly Pod[] },
): Pod | undefined =>
  pods.find((pod) => {
    const { metadata, spec, status } = pod;
    const isNamed = names.includes(metadata.name) && metadata.namespace === namespace;
    const isAt = status?.podIP !== undefined && addresses.includes(status.podIP);
    const isOwn =
      metadata.namespace === identity.namespace && accountOf(pod) === identity.serviceAccount;
    return (isNamed || (isAt && spec.hostNetwork !== true)) && !isOwn;
  });

/**
 * Why a node is not the caller's own; undefined when it may be. Istio's check, namespace and service
 * account, and beyond it: no pod of another identity has the name or one of the addresses claimed.
 */
export const nodeProblem = (
  proxy: ProxyDescriptor,
  identity: SpiffeId,
  listPods: ListPods,
): string | undefined => {
  const { namespace, serviceAccount } = identity;
  const own = `the caller is service account ${namespace}/${serviceAccount}`;
  const claimed = /^[^~]*~[^~]*~([^~]*)\.([^.~]+)~/.exec(proxy.id);
  if (proxy.namespace !== namespace || claimed?.[2] !== namespace)
    return `node "${proxy.id}" is of another namespace: ${own}`;
  if (proxy.serviceAccount !== '' && proxy.serviceAccount !== serviceAccount)
    return `node "${proxy.id}" names service account "${proxy.serviceAccount}": ${own}`;
  const pods = (listPods() as readonly Pod[]).filter(isRunning);
  const foreign = foreignPod(proxy, [proxy.podName, claimed[1] ?? ''], { identity, pods });
  if (foreign === undefined) return undefined;
  const { metadata } = foreign;
  return `node "${proxy.id}" claims the name or address of pod ${metadata.namespace}/${metadata.name} of service account ${accountOf(foreign)}: ${own}`;
};
