import { randomInt, randomUUID } from 'node:crypto';
import type { KubeObject } from '@lateen/api';
import type { Clock } from '@lateen/base';
import type { AdmissionPlugin } from '../admission/admission.ts';
import { AdmissionChain } from '../admission/admission-chain.ts';
import {
  ApiError,
  alreadyExists,
  conflict,
  type ErrorSubject,
  invalid,
  modifiedMeanwhile,
  notFound,
} from '../api-error.ts';
import { updateManagedFields } from '../patch/managed-fields.ts';
import { type ObjectStore, RevisionMismatch } from '../store/object-store.ts';
import { type DeleteRequest, mayGoNow, planDeletion } from './deletion.ts';
import type { KindRegistry, ServedKind } from './kind-registry.ts';
import { storeKey, storePrefix } from './object-key.ts';
import { generateName } from './object-name.ts';
import {
  hasSameOwners,
  isUnchanged,
  prepareForCreate,
  prepareForUpdate,
  timestamp,
} from './object-preparation.ts';
import { admitBody, checkRules, checkSchema, subjectOf } from './object-validation.ts';
import type { RequestContext } from './request-context.ts';

/** A change computed from the newest state is tried again this often when others were faster. */
const maxConflictRetries = 8;

/** Which object, in which version the client speaks. */
export interface ObjectTarget {
  readonly served: ServedKind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource?: string | undefined;
}

/** Where objects live, which kinds there are, and who is asked before a write. */
export interface ObjectServiceOptions {
  readonly store: ObjectStore;
  readonly registry: KindRegistry;
  readonly admission: readonly AdmissionPlugin[];
  readonly clock: Clock;
}

/** Turns the newest state into the next; undefined for an object that does not exist yet. */
type Change = (live: KubeObject) => unknown;

/** All verbs on objects of any kind. Errors are `ApiError`s. */
export class ObjectService {
  readonly #options: ObjectServiceOptions;
  readonly #admission: AdmissionChain;

  constructor(options: ObjectServiceOptions) {
    this.#options = options;
    this.#admission = new AdmissionChain(options.admission);
  }

  /** The stored object in the client's version. */
  get(target: ObjectTarget): KubeObject {
    const { served, namespace, name } = target;
    const found = this.#options.store.get(storeKey(served, namespace, name));
    if (found === undefined) throw notFound(subjectOf(served, name));
    return inVersion(served, found);
  }

  find(target: ObjectTarget): KubeObject | undefined {
    const found = this.#options.store.get(storeKey(target.served, target.namespace, target.name));
    return found === undefined ? undefined : inVersion(target.served, found);
  }

  list(served: ServedKind, namespace: string | undefined): readonly KubeObject[] {
    const { store } = this.#options;
    return store
      .list(served.storePrefix, storePrefix(served, namespace))
      .map((object) => inVersion(served, object));
  }

  async create(
    served: ServedKind,
    namespace: string | undefined,
    body: unknown,
    context: RequestContext,
  ): Promise<KubeObject> {
    const { store, clock } = this.#options;
    const read = admitBody(served, body, context);
    const named = nameAndPlace(served, read, namespace);
    if (named.metadata.resourceVersion !== undefined)
      throw new ApiError(
        'BadRequest',
        'resourceVersion should not be set on objects to be created',
      );
    const born = prepareForCreate(served, named, { uid: randomUUID(), nowMs: clock.nowMs() });
    const target = { served, namespace, name: born.metadata.name };
    const admitted = await this.#admission.admitWrite(target, born, undefined, context);
    this.#checkNamespace(served, namespace);
    const key = storeKey(served, namespace, admitted.metadata.name);
    const subject = subjectOf(served, admitted.metadata.name);
    if (store.get(key) !== undefined) throw alreadyExists(subject);
    checkSchema(served, admitted);
    checkRules(served, admitted, undefined);
    const owned = this.#recordOwner(target, admitted, undefined, context);
    if (context.dryRun) return owned;
    try {
      const stored = await store.put(key, inStorage(served, owned), undefined);
      return inVersion(served, stored);
    } catch (error) {
      if (error instanceof RevisionMismatch) throw alreadyExists(subject);
      throw error;
    }
  }

  /** PUT: the body is the whole next state, based on its resourceVersion when it has one. */
  update(target: ObjectTarget, body: unknown, context: RequestContext): Promise<KubeObject> {
    const read = admitBody(target.served, body, context);
    const { name, resourceVersion } = read.metadata;
    if (name !== undefined && name !== target.name)
      throw new ApiError(
        'BadRequest',
        `the name of the object (${name}) does not match the name on the URL (${target.name})`,
      );
    const insists = resourceVersion !== undefined;
    return this.#change(target, () => read, context, insists);
  }

  /** PATCH: `change` computes the next state from the newest, again when others were faster. */
  patch(target: ObjectTarget, change: Change, context: RequestContext): Promise<KubeObject> {
    const read = (live: KubeObject): KubeObject => admitBody(target.served, change(live), context);
    return this.#change(target, read, context, false);
  }

  async #change(
    target: ObjectTarget,
    change: (live: KubeObject) => KubeObject,
    context: RequestContext,
    insists: boolean,
  ): Promise<KubeObject> {
    const subject = subjectOf(target.served, target.name);
    const warningsBefore = context.warnings.length;
    for (let attempt = 0; attempt <= maxConflictRetries; attempt += 1) {
      context.warnings.length = warningsBefore;
      const live = this.get(target);
      const wanted = change(live);
      checkBase(live, wanted, subject);
      try {
        return await this.#store(target, wanted, live, context);
      } catch (error) {
        if (!(error instanceof RevisionMismatch)) throw error;
        if (insists) break;
      }
    }
    throw modifiedMeanwhile(subject);
  }

  async #store(
    target: ObjectTarget,
    wanted: KubeObject,
    live: KubeObject,
    context: RequestContext,
  ): Promise<KubeObject> {
    const { served, namespace, name, subresource } = target;
    const prepared = prepareForUpdate(served, wanted, live, subresource);
    const admitted =
      subresource === 'status'
        ? prepared
        : await this.#admission.admitWrite(target, prepared, live, context);
    checkSchema(served, admitted);
    if (subresource !== 'status') checkRules(served, admitted, live);
    const owned = this.#recordOwner(target, admitted, live, context);
    if (context.dryRun) return owned;
    const { store } = this.#options;
    const key = storeKey(served, namespace, name);
    if (mayGoNow(served, owned)) return store.remove(key, live);
    const sameOwners = context.isApply !== true || hasSameOwners(owned, live);
    if (isUnchanged(owned, live) && sameOwners) return live;
    return inVersion(served, await store.put(key, inStorage(served, owned), live));
  }

  /** The object as it is now: gone (`removed`), or marked and waiting. */
  async delete(
    target: ObjectTarget,
    request: DeleteRequest,
    context: RequestContext,
  ): Promise<{ readonly object: KubeObject; readonly removed: boolean }> {
    const { store, clock } = this.#options;
    const { served, namespace, name } = target;
    const key = storeKey(served, namespace, name);
    const subject = subjectOf(served, name);
    for (let attempt = 0; attempt <= maxConflictRetries; attempt += 1) {
      const live = this.get(target);
      checkPreconditions(live, request, (why) => conflict(subject, why));
      await this.#admission.admitDeletion(target, live, context);
      const plan = planDeletion(served, live, request, clock.nowMs());
      const removed = plan.kind === 'remove';
      if (context.dryRun || plan.kind === 'unchanged') return { object: live, removed };
      try {
        const object =
          plan.kind === 'remove'
            ? await store.remove(key, live)
            : await store.put(key, inStorage(served, plan.object), live);
        return { object: inVersion(served, object), removed };
      } catch (error) {
        if (!(error instanceof RevisionMismatch)) throw error;
      }
    }
    throw modifiedMeanwhile(subject);
  }

  /** managedFields of an ordinary write; a server-side apply has computed its own. */
  #recordOwner(
    { served, subresource = '' }: ObjectTarget,
    after: KubeObject,
    before: KubeObject | undefined,
    { fieldManager, isApply }: RequestContext,
  ): KubeObject {
    if (isApply === true) return after;
    return updateManagedFields({
      before,
      after: { ...after },
      fieldManager,
      apiVersion: served.apiVersion,
      subresource,
      schema: served.schema,
      nowIso: timestamp(this.#options.clock.nowMs()),
    }) as unknown as KubeObject;
  }

  #checkNamespace(served: ServedKind, namespace: string | undefined): void {
    if (!served.kind.namespaced) return;
    const name = namespace ?? '';
    const found = this.#options.store.get(`//namespaces//${name}`);
    if (found === undefined)
      throw notFound({ group: '', kind: 'Namespace', plural: 'namespaces', name });
    if (found.metadata.deletionTimestamp !== undefined)
      throw new ApiError(
        'Forbidden',
        `unable to create new content in namespace ${name} because it is being terminated`,
      );
  }
}

const inVersion = (served: ServedKind, object: KubeObject): KubeObject => ({
  ...object,
  apiVersion: served.apiVersion,
  kind: served.kind.kind,
});

/** All versions share one shape: what is stored differs in apiVersion only. */
const inStorage = (served: ServedKind, object: KubeObject): KubeObject => {
  const [group = ''] = served.storePrefix.slice(1).split('/');
  const version = served.kind.group === group ? served.kind.storageVersion : 'v1';
  return { ...object, apiVersion: group === '' ? version : `${group}/${version}` };
};

/** Namespace from the path, name generated when asked for. */
const nameAndPlace = (
  served: ServedKind,
  object: KubeObject,
  namespace: string | undefined,
): KubeObject => {
  const { generateName: prefix, namespace: own, name: given, ...rest } = object.metadata;
  if (own !== undefined && served.kind.namespaced && own !== namespace)
    throw new ApiError(
      'BadRequest',
      `the namespace of the provided object does not match the namespace sent on the request (${own}, ${namespace})`,
    );
  const name =
    (given as string | undefined) || (prefix && generateName(prefix, (limit) => randomInt(limit)));
  if (name === undefined || name === '')
    throw invalid(subjectOf(served, ''), [
      {
        severity: 'error',
        code: 'FieldRequired',
        path: 'metadata.name',
        message: 'Required value: name or generateName is required',
      },
    ]);
  const metadata = {
    ...rest,
    name,
    ...(prefix !== undefined && { generateName: prefix }),
    ...(served.kind.namespaced && namespace !== undefined && { namespace }),
  };
  const named = { ...object, metadata };
  checkSchema(served, named);
  return named;
};

/** A next state that names the state it is based on must be based on the newest. */
const checkBase = (live: KubeObject, wanted: KubeObject, subject: ErrorSubject): void => {
  const { resourceVersion, uid } = wanted.metadata;
  if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
    throw modifiedMeanwhile(subject);
  if (uid !== undefined && uid !== live.metadata.uid)
    throw conflict(subject, 'the UID in the precondition is not the UID of the object');
};

const checkPreconditions = (
  live: KubeObject,
  { uid, resourceVersion }: DeleteRequest,
  refuse: (why: string) => ApiError,
): void => {
  if (uid !== undefined && uid !== live.metadata.uid)
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${live.metadata.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
    throw refuse('the ResourceVersion in the precondition does not match');
};
