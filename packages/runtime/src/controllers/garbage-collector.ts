import type { KubeObject, OwnerReference } from '@lateen/api';
import {
  type InformerChange,
  isKubeError,
  type ObjectCache,
  type Resource,
  resources,
  WorkQueue,
} from '@lateen/kube';
import type { Controller, ControllerContext } from './controller-context.ts';

interface Tracked {
  readonly resource: Resource;
  readonly cache: ObjectCache<KubeObject>;
}

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

/**
 * Removes objects whose owners are gone, and carries out foreground and orphan deletion, whose
 * finalizers hold an owner back until its dependents are gone or set free.
 */
export const startGarbageCollector = (context: ControllerContext): Controller => {
  const { caches, clock, log } = context;
  const tracked: readonly Tracked[] = [
    { resource: resources.deployments, cache: caches.deployments },
    { resource: resources.replicaSets, cache: caches.replicaSets },
    { resource: resources.pods, cache: caches.pods },
    { resource: resources.services, cache: caches.services },
    { resource: resources.endpoints, cache: caches.endpoints },
    { resource: resources.endpointSlices, cache: caches.endpointSlices },
  ];
  const queue = new WorkQueue({
    name: 'garbage-collector',
    clock,
    log,
    reconcile: (key) => reconcile(context, tracked, key),
  });
  const stops = tracked.map(({ resource, cache }) =>
    cache.onChange((change) => {
      for (const key of touchedBy(tracked, resource, change)) queue.add(key);
    }),
  );
  return {
    stop: () => {
      for (const stop of stops) stop();
      queue.stop();
    },
  };
};

/** Work keys a change calls for: the object, its dependents when it goes, its owners when it went. */
const touchedBy = (
  tracked: readonly Tracked[],
  resource: Resource,
  { key, before, after }: InformerChange<KubeObject>,
): readonly string[] => {
  const keys = [`${resource.kind}:${key}`];
  const owner = after ?? before;
  if (
    owner !== undefined &&
    (after === undefined || after.metadata.deletionTimestamp !== undefined)
  )
    keys.push(
      ...dependentsOf(tracked, owner).map((dependent) => `${dependent.kind}:${dependent.key}`),
    );
  const namespace = before?.metadata.namespace ?? '';
  const owners = before?.metadata.ownerReferences ?? [];
  return [...keys, ...owners.map(({ kind, name }) => `${kind}:${namespace}/${name}`)];
};

interface Dependent {
  readonly kind: string;
  readonly key: string;
  readonly resource: Resource;
  readonly object: KubeObject;
}

const dependentsOf = (tracked: readonly Tracked[], owner: KubeObject): readonly Dependent[] =>
  tracked.flatMap(({ resource, cache }) =>
    cache
      .list()
      .filter((object) => refersTo(object, owner))
      .map((object) => ({
        kind: resource.kind,
        key: `${object.metadata.namespace}/${object.metadata.name}`,
        resource,
        object,
      })),
  );

const refersTo = (object: KubeObject, owner: KubeObject): boolean =>
  object.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;

const reconcile = async (
  context: ControllerContext,
  tracked: readonly Tracked[],
  work: string,
): Promise<void> => {
  const colon = work.indexOf(':');
  const kind = work.slice(0, colon);
  const entry = tracked.find(({ resource }) => resource.kind === kind);
  const object = entry?.cache.getByKey(work.slice(colon + 1));
  if (entry === undefined || object === undefined) return;
  if (object.metadata.deletionTimestamp === undefined)
    await collectOrphan(context, tracked, entry.resource, object);
  else await finish(context, tracked, entry.resource, object);
};

/** Deletes an object none of whose owners exists any more. */
const collectOrphan = async (
  { client }: ControllerContext,
  tracked: readonly Tracked[],
  resource: Resource,
  object: KubeObject,
): Promise<void> => {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0) return;
  for (const owner of owners) if (await ownerExists(client, tracked, object, owner)) return;
  const { name, namespace, uid } = object.metadata;
  await quietly(() =>
    client.delete(resource, {
      name,
      namespace,
      propagationPolicy: 'Background',
      ...(uid !== undefined && { uid }),
    }),
  );
};

/** The cache answers for owners that exist; absence is confirmed with the server. */
const ownerExists = async (
  client: ControllerContext['client'],
  tracked: readonly Tracked[],
  object: KubeObject,
  owner: OwnerReference,
): Promise<boolean> => {
  const entry = tracked.find(({ resource }) => resource.kind === owner.kind);
  // Owners of kinds we do not follow are taken to exist: never delete on a guess.
  if (entry === undefined) return true;
  const { namespace } = object.metadata;
  const cached = entry.cache.get(owner.name, namespace);
  const found =
    cached?.metadata.uid === owner.uid
      ? cached
      : await client
          .get(entry.resource, { name: owner.name, namespace })
          .catch((error: unknown) => {
            if (isKubeError(error, 'not-found')) return undefined;
            throw error;
          });
  if (found?.metadata.uid !== owner.uid) return false;
  // An owner in foreground deletion waits for its dependents to go first.
  const isGoing =
    found.metadata.deletionTimestamp !== undefined &&
    (found.metadata.finalizers?.includes(foreground) ?? false);
  return !isGoing;
};

const finish = async (
  context: ControllerContext,
  tracked: readonly Tracked[],
  resource: Resource,
  owner: KubeObject,
): Promise<void> => {
  const finalizers = owner.metadata.finalizers ?? [];
  const dependents = dependentsOf(tracked, owner);
  if (finalizers.includes(orphan)) {
    for (const dependent of dependents) await setFree(context, dependent, owner);
    await removeFinalizer(context, resource, owner, orphan);
  } else if (finalizers.includes(foreground)) {
    for (const { resource: kind, object } of dependents) {
      const { name, namespace, deletionTimestamp } = object.metadata;
      if (deletionTimestamp !== undefined) continue;
      const propagationPolicy = 'Foreground';
      await quietly(() => context.client.delete(kind, { name, namespace, propagationPolicy }));
    }
    if (dependents.length === 0) await removeFinalizer(context, resource, owner, foreground);
  }
};

const setFree = async (
  { client }: ControllerContext,
  { resource, object }: Dependent,
  owner: KubeObject,
): Promise<void> => {
  const ownerReferences = object.metadata.ownerReferences?.filter(
    ({ uid }) => uid !== owner.metadata.uid,
  );
  const { name, namespace } = object.metadata;
  const body = { metadata: { ownerReferences } };
  await quietly(async () => {
    await client.patch(resource, { name, namespace, kind: 'merge', body });
  });
};

const removeFinalizer = async (
  { client }: ControllerContext,
  resource: Resource,
  object: KubeObject,
  finalizer: string,
): Promise<void> => {
  const { name, namespace, resourceVersion } = object.metadata;
  const finalizers = object.metadata.finalizers?.filter((other) => other !== finalizer);
  const body = { metadata: { resourceVersion, finalizers } };
  await quietly(async () => {
    await client.patch(resource, { name, namespace, kind: 'merge', body });
  });
};

/** What is gone already, or replaced by a namesake, needs no deletion. */
const quietly = async (run: () => Promise<void>): Promise<void> => {
  try {
    await run();
  } catch (error) {
    if (!isKubeError(error, 'not-found', 'conflict')) throw error;
  }
};
