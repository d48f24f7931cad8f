import {
  type FieldRequirement,
  type KubeObject,
  type LabelRequirement,
  matchesFields,
  matchesRequirements,
  parseFieldSelector,
  parseLabelSelector,
} from '@lateen/api';
import { hasErrors } from '@lateen/base';
import { ApiError } from '../api-error.ts';

/** Which objects of a collection a request is about. */
export interface Selection {
  matches(object: KubeObject): boolean;
}

/**
 * Reads `labelSelector` and `fieldSelector` as kubectl sends them.
 * @throws ApiError BadRequest for one that cannot be read.
 */
export const parseSelection = (query: URLSearchParams): Selection => {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
  for (const { diagnostics } of [labels, fields])
    if (hasErrors(diagnostics))
      throw new ApiError('BadRequest', diagnostics.map(({ message }) => message).join('; '));
  const byLabel: readonly LabelRequirement[] = labels.value ?? [];
  const byField: readonly FieldRequirement[] = fields.value ?? [];
  return {
    matches: (object) =>
      matchesRequirements(byLabel, object.metadata.labels) && matchesFields(byField, object),
  };
};
