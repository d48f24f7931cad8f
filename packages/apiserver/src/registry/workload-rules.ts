import { isDeepStrictEqual } from 'node:util';
import { type KubeObject, type LabelSelector, matchesSelector } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';

interface WorkloadSpec {
  readonly selector?: LabelSelector;
  readonly template?: { readonly metadata?: { readonly labels?: Record<string, string> } };
}

const wrong = (path: string, value: unknown, why: string): Diagnostic => ({
  severity: 'error',
  code: 'FieldInvalid',
  path,
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

/** The API in which a Deployment's selector could still be changed. */
const beforeApps = 'extensions/v1beta1';

/**
 * apps/v1 ValidateDeployment and ValidateDeploymentUpdate, as far as the selector goes: it must select the
 * template's pods, and never changes, as the pods of the old one would belong to nobody.
 */
export const checkWorkload = (
  object: KubeObject,
  old: KubeObject | undefined,
): readonly Diagnostic[] => {
  const { selector = {}, template } = (object.spec ?? {}) as WorkloadSpec;
  const labels = template?.metadata?.labels;
  const found: Diagnostic[] = [];
  if (!matchesSelector(selector, labels))
    found.push(
      wrong(
        'spec.template.metadata.labels',
        labels ?? {},
        '`selector` does not match template `labels`',
      ),
    );
  const before = (old?.spec as WorkloadSpec | undefined)?.selector ?? selector;
  if (object.apiVersion !== beforeApps && !isDeepStrictEqual(selector, before))
    found.push(wrong('spec.selector', selector, 'field is immutable'));
  return found;
};

/** rbac ValidateRoleBindingUpdate: to whom a binding gives may change, what it gives may not. */
export const checkRoleBinding = (
  object: KubeObject,
  old: KubeObject | undefined,
): readonly Diagnostic[] => {
  const roleOf = (binding: KubeObject): unknown =>
    (binding as KubeObject & { readonly roleRef?: unknown }).roleRef;
  return old === undefined || isDeepStrictEqual(roleOf(object), roleOf(old))
    ? []
    : [wrong('roleRef', roleOf(object), 'cannot change roleRef')];
};
