import type { KubeObject } from '@lateen/api';
import { hasErrors } from '@lateen/base';
import { isKubeError } from '@lateen/kube';
import { editableResource, saveObject } from '../config/config-writer.ts';
import { textFindings } from '../config/findings.ts';
import { readManifestText } from '../config/manifest-text.ts';
import { referenceOf } from '../config/object-text.ts';
import type { DeleteAnswer, HistoryAnswer, RestoreAnswer } from '../contract/config.ts';
import type { Eyes } from '../eyes.ts';
import { findWatchedKind } from '../mesh/watched-kinds.ts';
import { type Answer, ok, problem } from '../server/answer.ts';
import { BodyReader } from '../server/body-reader.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { configDetail, objectOf, refused } from './config-api.ts';

/** The one object of a text, of the kind and name the path says. */
const namedObject = (
  yaml: string,
  params: Readonly<Record<string, string>>,
): { readonly object: KubeObject } | { readonly answer: Answer } => {
  const { kind = '', namespace = '', name = '' } = params;
  const text = readManifestText(yaml, namespace);
  if (hasErrors(text.diagnostics)) {
    return { answer: problem('invalid', 'the text is no object', text.diagnostics) };
  }
  const [first, ...more] = text.objects;
  if (first === undefined || more.length > 0) {
    return { answer: problem('invalid', 'the text must hold one object') };
  }
  const { object } = first;
  const wanted = findWatchedKind(kind)?.resource.kind;
  const isSame =
    object.kind === wanted &&
    object.metadata.name === name &&
    object.metadata.namespace === namespace;
  if (!isSame) {
    const message = `the text must be ${kind} ${namespace}/${name}: names cannot be changed`;
    return { answer: problem('invalid', message) };
  }
  return editableResource(object) === undefined
    ? { answer: problem('invalid', `${object.apiVersion} ${object.kind} cannot be changed here`) }
    : { object };
};

/** Admission is the API server's; the findings before it have places in the text. */
const admissionErrors = async (eyes: Eyes, yaml: string, namespace: string) => {
  const found = await textFindings(readManifestText(yaml, namespace), eyes.objects, eyes.client);
  return found.filter(({ severity, code }) => severity === 'error' && !code.startsWith('IST'));
};

const saveRoute = (eyes: Eyes): ApiRoute => ({
  method: 'PUT',
  path: 'config/{kind}/{namespace}/{name}',
  isWrite: true,
  handle: async ({ params, body }) => {
    const reader = new BodyReader(body);
    const yaml = reader.requiredText('yaml');
    const resourceVersion = reader.optionalText('resourceVersion');
    if (reader.diagnostics.length > 0) return refused(reader);
    const named = namedObject(yaml, params);
    if ('answer' in named) return named.answer;
    const errors = await admissionErrors(eyes, yaml, params['namespace'] ?? '');
    if (errors.length > 0) return problem('invalid', 'the object is not valid', errors);
    const { object, isNew } = await saveObject(eyes.client, named.object, resourceVersion);
    const full = { ...object, apiVersion: named.object.apiVersion, kind: named.object.kind };
    return { status: isNew ? 201 : 200, body: await configDetail(eyes, full) };
  },
});

const deleteRoute = (eyes: Eyes): ApiRoute => ({
  method: 'DELETE',
  path: 'config/{kind}/{namespace}/{name}',
  isWrite: true,
  handle: async ({ params }) => {
    const object = objectOf(eyes, params);
    const resource = object && editableResource(object);
    if (object === undefined || resource === undefined) {
      return problem('not-found', `there is no ${params['kind']} ${params['name']} to delete`);
    }
    const { name, namespace } = object.metadata;
    await eyes.client.delete(resource, { name, namespace });
    return ok({ deleted: referenceOf(object) } satisfies DeleteAnswer);
  },
});

const historyRoute = (eyes: Eyes): ApiRoute => ({
  method: 'GET',
  path: 'config/history',
  handle: ({ query }) =>
    ok({
      entries: eyes.history.list({
        kind: findWatchedKind(query.text('kind'))?.resource.kind ?? query.text('kind'),
        namespace: query.text('namespace'),
        name: query.text('name'),
        limit: query.integer('limit', 100, { min: 1, max: 1000 }),
      }),
      sinceMs: eyes.history.sinceMs,
    } satisfies HistoryAnswer),
});

/** Brings back that there was no object. */
const restoreAbsence = async (eyes: Eyes, current: KubeObject | undefined): Promise<Answer> => {
  const resource = current && editableResource(current);
  if (current === undefined || resource === undefined) {
    return ok({ object: null, change: 'none' } satisfies RestoreAnswer);
  }
  const { name, namespace } = current.metadata;
  try {
    await eyes.client.delete(resource, { name, namespace });
  } catch (error) {
    if (!isKubeError(error, 'not-found')) throw error;
  }
  return ok({ object: null, change: 'deleted' } satisfies RestoreAnswer);
};

/** Brings back an object as it was written. */
const restoreObject = async (eyes: Eyes, text: string, namespace: string): Promise<Answer> => {
  const [written] = readManifestText(text, namespace).objects;
  if (written === undefined) return problem('invalid', 'the text of that change is no object');
  const { object, isNew } = await saveObject(eyes.client, written.object, undefined);
  const { apiVersion, kind } = written.object;
  return ok({
    object: await configDetail(eyes, { ...object, apiVersion, kind }),
    change: isNew ? 'added' : 'modified',
  } satisfies RestoreAnswer);
};

const restoreRoute = (eyes: Eyes): ApiRoute => ({
  method: 'POST',
  path: 'config/restore',
  isWrite: true,
  handle: async ({ body }) => {
    const reader = new BodyReader(body);
    const id = reader.integer('id');
    const side = reader.requiredText('side');
    if (side !== 'before' && side !== 'after') reader.refuse('side', 'must be before or after');
    if (reader.diagnostics.length > 0) return refused(reader);
    const entry = eyes.history.get(id);
    if (entry === undefined) return problem('not-found', 'that change is forgotten');
    const { kind, namespace, name } = entry.object;
    const text = side === 'before' ? entry.before : entry.after;
    return text === ''
      ? restoreAbsence(eyes, eyes.objects.get(kind, name, namespace))
      : restoreObject(eyes, text, namespace);
  },
});

/** Changing configuration, and its history. */
export const configWriteRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  historyRoute(eyes),
  restoreRoute(eyes),
  saveRoute(eyes),
  deleteRoute(eyes),
];
