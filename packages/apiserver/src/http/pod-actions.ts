import type { KubeObject, Pod } from '@lateen/api';
import { ApiError } from '../api-error.ts';
import type { ObjectTarget } from '../registry/object-service.ts';
import type { RequestContext } from '../registry/request-context.ts';
import type { ReadServices } from './collection-handler.ts';

const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** POST pods/NAME/binding: puts the pod on a node. @throws ApiError Conflict when it has one. */
export const bindPod = async (
  { objects }: ReadServices,
  target: ObjectTarget,
  body: unknown,
  context: RequestContext,
): Promise<unknown> => {
  const nodeName = (body as { target?: { name?: unknown } } | undefined)?.target?.name;
  if (typeof nodeName !== 'string')
    throw new ApiError('BadRequest', 'target.name: Required value: the node to bind to');
  const bind = (live: KubeObject): unknown => {
    const { spec } = live as Pod;
    if (spec?.nodeName !== undefined)
      throw new ApiError(
        'Conflict',
        `pod ${target.name} is already assigned to node "${spec.nodeName}"`,
      );
    return { ...live, spec: { ...spec, nodeName } };
  };
  await objects.patch({ ...target, subresource: undefined }, bind, context);
  return success;
};

/** POST pods/NAME/eviction: a deletion; there are no disruption budgets to ask. */
export const evictPod = async (
  { objects }: ReadServices,
  target: ObjectTarget,
  body: unknown,
  context: RequestContext,
): Promise<unknown> => {
  const options = (body as { deleteOptions?: { gracePeriodSeconds?: number } }).deleteOptions;
  const grace = options?.gracePeriodSeconds;
  const request = grace === undefined ? {} : { gracePeriodSeconds: grace };
  await objects.delete({ ...target, subresource: undefined }, request, context);
  return success;
};
