import type { Labels } from '@lateen/api';

/** Labels as Kubernetes prints a selector: `a=1,b=2`, keys in order. */
export const selectorText = (labels: Labels | undefined): string =>
  Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

/** The first key of a selector as it is printed: where istioctl points to. */
export const firstLabel = (labels: Labels | undefined): string | undefined =>
  Object.keys(labels ?? {}).sort()[0];

/** Namespaces of Kubernetes itself, which no mesh looks at. */
const systemNamespaces: ReadonlySet<string> = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
]);

/** Whether a namespace belongs to Kubernetes itself. */
export const isSystemNamespace = (name: string): boolean => systemNamespaces.has(name);
