import { istioKinds, type KubeObject } from '@lateen/api';
import { isKubeError, type KubeClient, type Resource, resourceOf, resources } from '@lateen/kube';

/** The collection that an object is written to, in the version it is written in. Undefined: not editable here. */
export const editableResource = ({ apiVersion, kind }: KubeObject): Resource | undefined => {
  if (kind === 'Service' && apiVersion === 'v1') return resources.services;
  const slash = apiVersion.indexOf('/');
  const group = apiVersion.slice(0, Math.max(0, slash));
  const version = apiVersion.slice(slash + 1);
  const found = istioKinds.find((one) => one.kind === kind && one.group === group);
  if (found === undefined || !found.versions.some(({ name }) => name === version)) return undefined;
  return resourceOf(found, version);
};

const keptMetadata = (current: KubeObject['metadata'], written: KubeObject['metadata']) => ({
  ...current,
  // Labels and annotations are as written, not merged: what was taken out of the text is gone.
  labels: written.labels ?? {},
  annotations: {
    ...written.annotations,
    ...Object.fromEntries(
      Object.entries(current.annotations ?? {}).filter(([name]) =>
        name.startsWith('kubectl.kubernetes.io/'),
      ),
    ),
  },
});

/**
 * Creates an object or replaces it. `resourceVersion`: only if it is still that one. Rejects with KubeError:
 * `conflict` when it was changed in between, `invalid` when admission refuses it.
 */
export const saveObject = async (
  client: KubeClient,
  written: KubeObject,
  resourceVersion: string | undefined,
): Promise<{ readonly object: KubeObject; readonly isNew: boolean }> => {
  const resource = editableResource(written);
  if (resource === undefined) throw new TypeError(`${written.kind} is not editable`);
  const { name, namespace } = written.metadata;
  let current: KubeObject | undefined;
  try {
    current = await client.get<KubeObject>(resource, { name, namespace });
  } catch (error) {
    if (!isKubeError(error, 'not-found')) throw error;
  }
  if (current === undefined) {
    return { object: await client.create(resource, written), isNew: true };
  }
  const { resourceVersion: now, ...metadata } = keptMetadata(current.metadata, written.metadata);
  const next: KubeObject = {
    ...written,
    ...(current.status !== undefined && { status: current.status }),
    metadata: { ...metadata, resourceVersion: resourceVersion ?? now ?? '' },
  };
  return { object: await client.update(resource, next), isNew: false };
};
