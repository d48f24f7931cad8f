import { createHash } from 'node:crypto';
import { type KubeObject, objectKey } from '@lateen/api';
import { isKubeError, type KubeClient, type Resource, resourceOfKind } from '@lateen/kube';

/** What we last wrote of an object: as long as our wish is the same, the user's changes stay. */
const digestAnnotation = 'lateen.dev/bootstrap-digest';

const digestOf = (object: KubeObject): string =>
  createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16);

const withDigest = (object: KubeObject, digest: string): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { ...object.metadata.annotations, [digestAnnotation]: digest },
  },
});

const isSettled = (present: KubeObject, digest: string): boolean => {
  const known = present.metadata.annotations?.[digestAnnotation];
  // Without a mark it is somebody else's object; we only see to it that there is one.
  return known === undefined || known === digest;
};

/** Whether an object is there because we wanted it so, whatever became of it since. */
export const wasAppliedAs = (present: KubeObject, wanted: KubeObject): boolean =>
  present.metadata.annotations?.[digestAnnotation] === digestOf(wanted);

/**
 * Sees to it that each object is there. One that we wrote ourselves is written again only when what
 * we want has changed since, so that what users changed stays as they left it.
 */
export const applyObjects = async (
  client: KubeClient,
  objects: readonly KubeObject[],
): Promise<void> => {
  const byKind = Map.groupBy(objects, ({ kind }) => kind);
  for (const [kind, group] of byKind) {
    const resource = resourceOfKind(kind);
    const { items } = await client.list(resource);
    const present = new Map(items.map((item) => [objectKey(item), item]));
    await Promise.all(
      group.map((object) => applyOne(client, resource, object, present.get(objectKey(object)))),
    );
  }
};

const applyOne = async (
  client: KubeClient,
  resource: Resource,
  object: KubeObject,
  present: KubeObject | undefined,
): Promise<void> => {
  const digest = digestOf(object);
  const wanted = withDigest(object, digest);
  const { name, namespace } = object.metadata;
  try {
    if (present === undefined) await client.create(resource, wanted);
    else if (!isSettled(present, digest))
      await client.patch(resource, { kind: 'merge', name, namespace, body: wanted });
  } catch (error) {
    if (!isKubeError(error, 'already-exists')) throw error;
  }
};

/** Sees to it that each object is there and as given, whatever it was: for what only we know. */
export const overwriteObjects = async (
  client: KubeClient,
  objects: readonly KubeObject[],
): Promise<void> => {
  for (const object of objects) {
    const resource = resourceOfKind(object.kind);
    const { name, namespace } = object.metadata;
    try {
      await client.create(resource, object);
    } catch (error) {
      if (!isKubeError(error, 'already-exists')) throw error;
      await client.patch(resource, { kind: 'merge', name, namespace, body: object });
    }
    if (object.status === undefined) continue;
    const body = { status: object.status };
    await client.patch(resource, { kind: 'merge', name, namespace, body, subresource: 'status' });
  }
};
