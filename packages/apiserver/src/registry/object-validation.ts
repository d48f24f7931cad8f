import {
  applyDefaults,
  dropNulls,
  findUnknownFields,
  type KubeObject,
  pruneUnknownFields,
  validateSchema,
} from '@lateen/api';
import { ApiError, type ErrorSubject, invalid } from '../api-error.ts';
import type { ServedKind } from './kind-registry.ts';
import { rulesOf } from './kind-rules.ts';
import { validateName } from './object-name.ts';
import type { RequestContext } from './request-context.ts';

/** Unknown fields named in one answer; the rest is counted. */
const unknownFieldsShown = 20;

/** What errors about an object call it. */
export const subjectOf = (served: ServedKind, name: string): ErrorSubject => ({
  group: served.kind.group,
  kind: served.kind.kind,
  plural: served.kind.plural,
  name,
});

/**
 * Reads a body as an object of the kind: unknown fields are refused, warned of or dropped as the
 * request asks, nulls dropped, defaults filled in, and the rest checked against the schema.
 * @throws ApiError BadRequest (unknown fields, another kind) or Invalid (with field paths).
 */
export const admitBody = (
  served: ServedKind,
  body: unknown,
  context: RequestContext,
): KubeObject => {
  const object = asObject(served, body);
  const { fieldValidation, warnings } = context;
  if (fieldValidation !== 'Ignore') {
    const unknown = findUnknownFields(served.schema, object).map(({ message }) => message);
    if (unknown.length > 0 && fieldValidation === 'Strict')
      throw new ApiError('BadRequest', strictMessage(served, unknown));
    warnings.push(...unknown);
  }
  const known = applyDefaults(served.schema, dropNulls(pruneUnknownFields(served.schema, object)));
  checkSchema(served, known);
  return known;
};

const strictMessage = (served: ServedKind, unknown: readonly string[]): string => {
  const { kind } = served.kind;
  const shown = unknown.slice(0, unknownFieldsShown).join(', ');
  const rest = unknown.length - unknownFieldsShown;
  const more = rest > 0 ? ` and ${rest} more` : '';
  return `${kind} in version "${served.version.name}" cannot be handled as a ${kind}: strict decoding error: ${shown}${more}`;
};

/** @throws ApiError Invalid naming every field the schema or the name rules object to. */
export const checkSchema = (served: ServedKind, object: KubeObject): void => {
  const name = object.metadata.name ?? '';
  const found = [
    ...(name === '' ? [] : validateName(name, served.kind.group)),
    ...validateSchema(served.schema, object),
  ].filter(({ severity }) => severity === 'error');
  if (found.length > 0) throw invalid(subjectOf(served, name), found);
};

/** @throws ApiError Invalid naming what the kind's own rules object to; `old` is undefined at creation. */
export const checkRules = (
  served: ServedKind,
  object: KubeObject,
  old: KubeObject | undefined,
): void => {
  const found = rulesOf(served.storePrefix).check?.(object, old) ?? [];
  if (found.length > 0) throw invalid(subjectOf(served, object.metadata.name), found);
};

const asObject = (served: ServedKind, body: unknown): KubeObject => {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiError('BadRequest', 'the body must be a JSON object');
  const { apiVersion, kind, metadata } = body as Partial<KubeObject>;
  if (kind !== undefined && kind !== served.kind.kind)
    throw new ApiError(
      'BadRequest',
      `${kind} in version "${apiVersion}" cannot be handled as a ${served.kind.kind}`,
    );
  if (apiVersion !== undefined && apiVersion !== served.apiVersion)
    throw new ApiError(
      'BadRequest',
      `the API version in the data (${apiVersion}) does not match the expected API version (${served.apiVersion})`,
    );
  const isRecord = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  return {
    ...(body as KubeObject),
    apiVersion: served.apiVersion,
    kind: served.kind.kind,
    metadata: (isRecord ? metadata : {}) as KubeObject['metadata'],
  };
};
