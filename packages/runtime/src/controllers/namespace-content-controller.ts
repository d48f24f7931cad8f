import type { KubeObject } from '@lateen/api';
import { isKubeError, type Resource, resources, WorkQueue } from '@lateen/kube';
import type { Controller, ControllerContext } from './controller-context.ts';

/**
 * Gives every namespace what pods count on: the `default` service account and the ConfigMap
 * `kube-root-ca.crt` with the API server's CA.
 */
export const startNamespaceContentController = (
  context: ControllerContext,
  rootCertificate: string,
): Controller => {
  const { caches, clock, log } = context;
  const queue = new WorkQueue({
    name: 'namespace-content',
    clock,
    log,
    reconcile: (name) => reconcile(context, name, rootCertificate),
  });
  const again = ({ before, after }: { before?: KubeObject; after?: KubeObject }): void => {
    const namespace = (after ?? before)?.metadata.namespace;
    if (after === undefined && namespace !== undefined) queue.add(namespace);
  };
  const stops = [
    caches.namespaces.onChange(({ key }) => queue.add(key)),
    caches.serviceAccounts.onChange(again),
    caches.configMaps.onChange(again),
  ];
  return {
    stop: () => {
      for (const stop of stops) stop();
      queue.stop();
    },
  };
};

const reconcile = async (
  { caches, client }: ControllerContext,
  namespace: string,
  rootCertificate: string,
): Promise<void> => {
  const object = caches.namespaces.get(namespace);
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
  const ensure = async (resource: Resource, wanted: KubeObject): Promise<void> => {
    try {
      await client.create(resource, wanted);
    } catch (error) {
      if (!isKubeError(error, 'already-exists')) throw error;
    }
  };
  if (caches.serviceAccounts.get('default', namespace) === undefined)
    await ensure(resources.serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    });
  if (caches.configMaps.get('kube-root-ca.crt', namespace) === undefined) {
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-root-ca.crt', namespace },
      data: { 'ca.crt': rootCertificate },
    };
    await ensure(resources.configMaps, configMap);
  }
};
