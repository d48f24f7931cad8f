import type { KubeObject } from '@lateen/api';
import type { ServedKind } from './kind-registry.ts';
import { rulesOf } from './kind-rules.ts';
import { timestamp } from './object-preparation.ts';

/** meta/v1 DeleteOptions, the part in use. */
export interface DeleteRequest {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  /** Absent: the object's own grace. 0: at once. */
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** What a delete does to the stored object: remove it, or mark it and wait for others to finish. */
export type DeletionPlan =
  | { readonly kind: 'remove' }
  | { readonly kind: 'mark'; readonly object: KubeObject }
  | { readonly kind: 'unchanged' };

const policyFinalizers: Readonly<Record<string, string>> = {
  Foreground: 'foregroundDeletion',
  Orphan: 'orphan',
};

const finalizersFor = (object: KubeObject, request: DeleteRequest): readonly string[] => {
  const wanted = policyFinalizers[request.propagationPolicy ?? 'Background'];
  const others = (object.metadata.finalizers ?? []).filter(
    (finalizer) => !Object.values(policyFinalizers).includes(finalizer),
  );
  return wanted === undefined ? others : [...others, wanted];
};

/** Decides on a deletion: pods get their grace, finalizers hold an object back, the rest goes. */
export const planDeletion = (
  served: ServedKind,
  object: KubeObject,
  request: DeleteRequest,
  nowMs: number,
): DeletionPlan => {
  const ownGrace = rulesOf(served.storePrefix).graceSeconds?.(object) ?? 0;
  const grace = ownGrace === 0 ? 0 : (request.gracePeriodSeconds ?? ownGrace);
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = object.metadata;
  const isMarked = deletionTimestamp !== undefined;
  const holding = isMarked ? finalizers : finalizersFor(object, request);
  if (grace === 0 && holding.length === 0 && !isNamespace(served)) return { kind: 'remove' };
  // A second delete can only make the wait shorter.
  const shorter = grace < (deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY);
  if (isMarked && !shorter) return { kind: 'unchanged' };
  const marked = {
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: timestamp(nowMs + grace * 1000),
      deletionGracePeriodSeconds: grace,
      ...(holding.length > 0 && { finalizers: holding }),
    },
  };
  return { kind: 'mark', object: isNamespace(served) ? terminating(marked) : marked };
};

const terminating = (namespace: KubeObject): KubeObject => ({
  ...namespace,
  status: { ...(namespace.status as object | undefined), phase: 'Terminating' },
});

/** A namespace goes only after its content: the namespace content removal finishes it. */
const isNamespace = (served: ServedKind): boolean => served.storePrefix === '//namespaces/';

/** Whether an object marked for deletion has nothing left to wait for. */
export const mayGoNow = (served: ServedKind, object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  (object.metadata.finalizers ?? []).length === 0 &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  !isNamespace(served);
