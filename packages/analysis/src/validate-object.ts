import { type IstioValidationOptions, type KubeObject, validateIstioObject } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';
import { type ReadObject, readObject } from './context/object-reader.ts';

/** Shape first, then the rules of the kind, as on admission. */
export const diagnosticsOf = (
  { object, isIstio, problems }: ReadObject,
  options: IstioValidationOptions = {},
): readonly Diagnostic[] =>
  object === undefined || !isIstio
    ? problems
    : [...problems, ...validateIstioObject(object, options)];

/**
 * What admission would say of one object: unknown fields (of Istio's kinds), its schema, and what istiod's
 * webhook checks. Undefined for kinds that nothing here knows. `options`: the engines that read patterns and
 * expressions; without them only a light check is made.
 */
export const validateObject = (
  object: KubeObject,
  options: IstioValidationOptions = {},
): readonly Diagnostic[] | undefined => {
  const read = readObject(object, 'default');
  return read === undefined ? undefined : diagnosticsOf(read, options);
};
