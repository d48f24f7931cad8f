import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeObject } from '@lateen/api';
import { parse } from 'yaml';
import { ApiError, notFound } from '../api-error.ts';
import type { UserInfo } from '../auth/authentication.ts';
import { applyPatchDocument } from '../patch/patch.ts';
import { applyServerSide } from '../patch/server-side-apply.ts';
import type { DeleteRequest } from '../registry/deletion.ts';
import type { ServedKind } from '../registry/kind-registry.ts';
import { timestamp } from '../registry/object-preparation.ts';
import type { ObjectTarget } from '../registry/object-service.ts';
import { subjectOf } from '../registry/object-validation.ts';
import type { RequestContext } from '../registry/request-context.ts';
import { parseSelection } from '../registry/selection.ts';
import {
  type ReadRequest,
  type ReadServices,
  serveCollection,
  serveObject,
} from './collection-handler.ts';
import { mediaTypeOf, parseBody, readBody } from './request-body.ts';
import type { ResourceTarget } from './request-target.ts';
import { sendJson } from './response.ts';
import { scaleOf, withScale } from './scale.ts';

/** One request about a stored kind, authenticated and authorized. */
export interface VerbRequest {
  readonly services: ReadServices;
  readonly served: ServedKind;
  readonly target: ResourceTarget;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const fieldValidationOf = (query: URLSearchParams): RequestContext['fieldValidation'] => {
  const value = query.get('fieldValidation');
  return value === 'Strict' || value === 'Ignore' ? value : 'Warn';
};

const contextOf = ({ query, user, request, served }: VerbRequest): RequestContext => {
  const { deprecationWarning } = served.version;
  return {
    user,
    dryRun: query.get('dryRun') === 'All',
    fieldValidation: fieldValidationOf(query),
    fieldManager:
      query.get('fieldManager') ?? request.headers['user-agent']?.split('/')[0] ?? 'unknown',
    warnings: deprecationWarning === undefined ? [] : [deprecationWarning],
  };
};

const readOf = (verb: VerbRequest): ReadRequest => ({
  served: verb.served,
  namespace: verb.target.namespace,
  name: verb.target.name,
  query: verb.query,
  request: verb.request,
  response: verb.response,
});

const methodNotAllowed = (verb: VerbRequest): ApiError =>
  new ApiError(
    'MethodNotAllowed',
    `the server does not allow ${verb.request.method} on ${verb.served.kind.plural}`,
  );

/** Answers any verb on a collection or an object. */
export const handleVerb = (verb: VerbRequest): Promise<void> => {
  const { target, request } = verb;
  const method = request.method ?? 'GET';
  const handler = (target.name === undefined ? collectionVerbs : objectVerbs)[method];
  if (handler === undefined) throw methodNotAllowed(verb);
  return handler(verb);
};

type Handler = (verb: VerbRequest) => Promise<void>;

const list: Handler = async (verb) => serveCollection(verb.services, readOf(verb));

const create: Handler = async (verb) => {
  const { served, target, services, request, response } = verb;
  const context = contextOf(verb);
  const body = parseBody(await readBody(request), mediaTypeOf(request));
  const object = await services.objects.create(served, target.namespace, body, context);
  sendJson(response, { code: 201, body: object, warnings: context.warnings });
};

const deleteCollection: Handler = async (verb) => {
  const { served, target, services, query, request, response } = verb;
  const options = readDeleteOptions(verb, parseBody(await readBody(request), mediaTypeOf(request)));
  const selection = parseSelection(query);
  const items = services.objects
    .list(served, target.namespace)
    .filter((object) => selection.matches(object));
  const context = contextOf(verb);
  for (const { metadata } of items) {
    const one = { served, namespace: metadata.namespace, name: metadata.name };
    // Others may be faster with one of them; the rest still goes.
    if (services.objects.find(one) !== undefined)
      await services.objects.delete(one, options, context);
  }
  const metadata = { resourceVersion: String(services.store.revision) };
  const { kind } = served.kind;
  const body = { kind: `${kind}List`, apiVersion: served.apiVersion, metadata, items };
  sendJson(response, { code: 200, body, warnings: context.warnings });
};

const collectionVerbs: Readonly<Record<string, Handler>> = {
  GET: list,
  POST: create,
  DELETE: deleteCollection,
};

const targetOf = ({ served, target }: VerbRequest): ObjectTarget => ({
  served,
  namespace: target.namespace,
  name: target.name ?? '',
  subresource: target.subresource,
});

/** `status` and `scale` are views of the object; other names belong to no stored kind. */
const checkSubresource = (verb: VerbRequest): void => {
  const { served, target } = verb;
  const { subresource, name = '' } = target;
  const known =
    subresource === undefined ||
    (subresource === 'status' && served.kind.statusSubresource === true) ||
    (subresource === 'scale' && served.kind.scaleSubresource === true);
  if (!known) throw notFound(subjectOf(served, `${name}/${subresource}`));
};

const get: Handler = async (verb) => {
  const { services, query, target, response } = verb;
  checkSubresource(verb);
  const watch = query.get('watch');
  if (watch === 'true' || watch === '1') return serveCollection(services, readOf(verb));
  const object = services.objects.get(targetOf(verb));
  if (target.subresource === 'scale') sendJson(response, { code: 200, body: scaleOf(object) });
  else serveObject(services, readOf(verb), object);
};

const update: Handler = async (verb) => {
  const { services, request, response, target } = verb;
  checkSubresource(verb);
  const context = contextOf(verb);
  const body = parseBody(await readBody(request), mediaTypeOf(request));
  const one = targetOf(verb);
  if (target.subresource !== 'scale') {
    const object = await services.objects.update(one, body, context);
    sendJson(response, { code: 200, body: object, warnings: context.warnings });
    return;
  }
  const change = (live: KubeObject): unknown => withScale(live, body);
  const object = await services.objects.patch({ ...one, subresource: undefined }, change, context);
  sendJson(response, { code: 200, body: scaleOf(object), warnings: context.warnings });
};

const remove: Handler = async (verb) => {
  const { services, request, response, served } = verb;
  const context = contextOf(verb);
  const options = readDeleteOptions(verb, parseBody(await readBody(request), mediaTypeOf(request)));
  const { object, removed } = await services.objects.delete(targetOf(verb), options, context);
  const { group, plural } = served.kind;
  const { name, uid } = object.metadata;
  const details = { name, ...(group !== '' && { group }), kind: plural, uid };
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  sendJson(response, { code: 200, body: removed ? status : object, warnings: context.warnings });
};

const readDeleteOptions = ({ query }: VerbRequest, body: unknown): DeleteRequest => {
  const options = (body ?? {}) as {
    propagationPolicy?: DeleteRequest['propagationPolicy'];
    orphanDependents?: boolean;
    gracePeriodSeconds?: number;
    preconditions?: { uid?: string; resourceVersion?: string };
  };
  const grace = options.gracePeriodSeconds ?? query.get('gracePeriodSeconds');
  const policy =
    options.propagationPolicy ??
    query.get('propagationPolicy') ??
    (options.orphanDependents === true ? 'Orphan' : undefined);
  const { uid, resourceVersion } = options.preconditions ?? {};
  return {
    ...(policy !== undefined && { propagationPolicy: policy as 'Background' }),
    ...(grace !== null && grace !== undefined && { gracePeriodSeconds: Number(grace) }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
};

const patch: Handler = async (verb) => {
  checkSubresource(verb);
  const mediaType = mediaTypeOf(verb.request);
  const bytes = await readBody(verb.request);
  if (mediaType === 'application/apply-patch+yaml') return applyPatch(verb, bytes);
  const document = parseBody(bytes, mediaType);
  if (verb.served.custom && mediaType === 'application/strategic-merge-patch+json')
    throw new ApiError(
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  const context = contextOf(verb);
  const { schema } = verb.served;
  const isScale = verb.target.subresource === 'scale';
  const change = (live: KubeObject): unknown => {
    const view = isScale ? scaleOf(live) : live;
    const patched = applyPatchDocument({ contentType: mediaType, document, live: view, schema });
    if ('error' in patched)
      throw new ApiError(
        patched.error.code === 415 ? 'UnsupportedMediaType' : 'BadRequest',
        patched.error.message,
      );
    return isScale ? withScale(live, patched.value) : patched.value;
  };
  const one = targetOf(verb);
  const target = isScale ? { ...one, subresource: undefined } : one;
  const object = await verb.services.objects.patch(target, change, context);
  const body = isScale ? scaleOf(object) : object;
  sendJson(verb.response, { code: 200, body, warnings: context.warnings });
};

/** Server-side apply: creates what is not there. */
const applyPatch = async (verb: VerbRequest, bytes: Buffer): Promise<void> => {
  const { services, served, target, query, response } = verb;
  const context = { ...contextOf(verb), isApply: true };
  if (query.get('fieldManager') === null)
    throw new ApiError(
      'BadRequest',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  let applied: unknown;
  try {
    applied = parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ApiError(
      'BadRequest',
      `error decoding YAML: ${error instanceof Error ? error.message : error}`,
    );
  }
  const merge = (live: KubeObject | undefined): unknown => {
    const result = applyServerSide({
      live,
      applied,
      fieldManager: context.fieldManager,
      force: query.get('force') === 'true',
      schema: served.schema,
      apiVersion: served.apiVersion,
      nowIso: timestamp(services.clock.nowMs()),
    });
    if ('error' in result) throw new ApiError('BadRequest', result.error);
    if ('object' in result) return result.object;
    const list = result.conflicts.map(
      ({ manager, field }) => `conflict with "${manager}": ${field}`,
    );
    throw new ApiError(
      'Conflict',
      `Apply failed with ${list.length} conflict${list.length > 1 ? 's' : ''}: ${list.join('\n')}`,
      {
        causes: result.conflicts.map(({ manager, field }) => ({
          reason: 'FieldManagerConflict',
          message: `conflict with "${manager}"`,
          field,
        })),
      },
    );
  };
  const one = targetOf(verb);
  const isNew = services.objects.find(one) === undefined;
  const object = isNew
    ? await services.objects.create(served, target.namespace, merge(undefined), context)
    : await services.objects.patch(one, merge, context);
  sendJson(response, { code: isNew ? 201 : 200, body: object, warnings: context.warnings });
};

const objectVerbs: Readonly<Record<string, Handler>> = {
  GET: get,
  PUT: update,
  PATCH: patch,
  DELETE: remove,
};
