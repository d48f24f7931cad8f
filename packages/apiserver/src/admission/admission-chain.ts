import type { KubeObject } from '@lateen/api';
import { ApiError, invalid } from '../api-error.ts';
import type { ServedKind } from '../registry/kind-registry.ts';
import { subjectOf } from '../registry/object-validation.ts';
import type { RequestContext } from '../registry/request-context.ts';
import type { AdmissionAnswer, AdmissionPlugin, AdmissionRequest } from './admission.ts';

/** Which object a write is about. */
export interface AdmissionTarget {
  readonly served: ServedKind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource?: string | undefined;
}

const requestOf = (
  { served, namespace, name, subresource }: AdmissionTarget,
  { user, dryRun }: RequestContext,
): Omit<AdmissionRequest, 'operation' | 'object' | 'oldObject'> => ({
  group: served.kind.group,
  version: served.version.name,
  kind: served.kind.kind,
  plural: served.kind.plural,
  namespace,
  name,
  subresource,
  user,
  dryRun,
});

const errorsOf = ({ diagnostics = [] }: AdmissionAnswer) =>
  diagnostics.filter(({ severity }) => severity === 'error');

/** Runs every plugin on a write, in order. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /**
   * The object as the plugins leave it; what they only warn of goes to the request's warnings.
   * @throws ApiError Invalid with the field paths a plugin objects to.
   */
  async admitWrite(
    target: AdmissionTarget,
    object: KubeObject,
    old: KubeObject | undefined,
    context: RequestContext,
  ): Promise<KubeObject> {
    const operation = old === undefined ? 'CREATE' : 'UPDATE';
    let current = object;
    for (const plugin of this.#plugins) {
      const request = { ...requestOf(target, context), operation, object: current } as const;
      const answer = await plugin.admit({ ...request, oldObject: old });
      const errors = errorsOf(answer);
      if (errors.length > 0) throw invalid(subjectOf(target.served, target.name), errors);
      context.warnings.push(...(answer.warnings ?? []));
      for (const { message, path } of answer.diagnostics ?? [])
        context.warnings.push(path === undefined ? message : `${path}: ${message}`);
      current = answer.object ?? current;
    }
    return current;
  }

  /** @throws ApiError Forbidden when a plugin refuses the deletion. */
  async admitDeletion(
    target: AdmissionTarget,
    object: KubeObject,
    context: RequestContext,
  ): Promise<void> {
    for (const plugin of this.#plugins) {
      const request = { ...requestOf(target, context), operation: 'DELETE', object } as const;
      const errors = errorsOf(await plugin.admit({ ...request, oldObject: object }));
      if (errors.length > 0)
        throw new ApiError('Forbidden', errors.map(({ message }) => message).join('; '));
    }
  }
}
