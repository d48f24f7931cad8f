import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@lateen/api';
import type { ServedKind } from './kind-registry.ts';
import { rulesOf } from './kind-rules.ts';

/** RFC 3339 with seconds, as Kubernetes writes times. */
export const timestamp = (nowMs: number): string =>
  `${new Date(nowMs).toISOString().slice(0, 19)}Z`;

interface Birth {
  readonly uid: string;
  readonly nowMs: number;
}

/** The object as it is first stored: identity, generation 1, no status of the client's making. */
export const prepareForCreate = (
  served: ServedKind,
  object: KubeObject,
  { uid, nowMs }: Birth,
): KubeObject => {
  const rules = rulesOf(served.storePrefix);
  const complete = rules.complete?.(object) ?? object;
  const { status, ...rest } = complete;
  const {
    resourceVersion: _revision,
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    generation: _generation,
    ...metadata
  } = complete.metadata;
  const keepsStatus = served.kind.statusSubresource !== true && status !== undefined;
  const first = keepsStatus ? status : rules.initialStatus?.(complete);
  return {
    ...rest,
    metadata: {
      ...metadata,
      uid,
      creationTimestamp: timestamp(nowMs),
      ...(complete.spec !== undefined && { generation: 1 }),
    },
    ...(first !== undefined && { status: first }),
  };
};

/** Metadata that only the server changes. */
const serverFields = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'resourceVersion',
  'namespace',
  'name',
  'generateName',
] as const;

const keepServerFields = (object: KubeObject, old: KubeObject): KubeObject['metadata'] => {
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of serverFields) {
    const value = old.metadata[field];
    if (value === undefined) delete metadata[field];
    else metadata[field] = value;
  }
  return metadata as unknown as KubeObject['metadata'];
};

/**
 * The object as an update stores it. With a status subresource, an update of the object keeps the
 * old status, and an update of the status keeps everything else.
 */
export const prepareForUpdate = (
  served: ServedKind,
  object: KubeObject,
  old: KubeObject,
  subresource: string | undefined,
): KubeObject => {
  if (subresource === 'status') {
    const { status: _old, ...rest } = old;
    const { managedFields } = object.metadata;
    const metadata = { ...old.metadata, ...(managedFields !== undefined && { managedFields }) };
    return { ...rest, metadata, ...(object.status !== undefined && { status: object.status }) };
  }
  const complete = rulesOf(served.storePrefix).complete?.(object) ?? object;
  const metadata = keepServerFields(complete, old);
  const { status, ...rest } = complete;
  const kept = served.kind.statusSubresource === true ? old.status : status;
  const next = { ...rest, metadata, ...(kept !== undefined && { status: kept }) };
  return contentChanged(next, old) ? bumped(next, old) : next;
};

/** Whether anything but metadata and status differs. */
const contentChanged = (a: KubeObject, b: KubeObject): boolean => {
  const content = ({ metadata: _m, status: _s, apiVersion: _v, ...rest }: KubeObject): unknown =>
    rest;
  return !isDeepStrictEqual(content(a), content(b));
};

const bumped = (object: KubeObject, old: KubeObject): KubeObject =>
  object.spec === undefined
    ? object
    : {
        ...object,
        metadata: { ...object.metadata, generation: (old.metadata.generation ?? 0) + 1 },
      };

/** Whether a write would change nothing: it is then not written, and the revision stays. */
export const isUnchanged = (next: KubeObject, old: KubeObject): boolean => {
  const comparable = (object: KubeObject): unknown => ({
    ...object,
    apiVersion: '',
    metadata: { ...object.metadata, resourceVersion: '' },
  });
  return isDeepStrictEqual(comparable(next), comparable(old));
};

/** Whether two states have the same field ownership; an apply may change nothing else. */
export const hasSameOwners = (next: KubeObject, old: KubeObject): boolean =>
  isDeepStrictEqual(next.metadata.managedFields, old.metadata.managedFields);
