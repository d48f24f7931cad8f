import type { JsonSchema, ResourceKind } from '../../resource-kind.ts';
import { wholeObjectSchema } from '../../schema/object-schema.ts';

interface CoreKind {
  /** Default '' (the core group). */
  readonly group?: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Default true. */
  readonly namespaced?: boolean;
  /** Default `v1`. */
  readonly version?: string;
  /** Fields beside apiVersion, kind and metadata. */
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly statusSubresource?: boolean;
  readonly scaleSubresource?: boolean;
}

/** A built-in kind with one version. */
export const coreKind = (kind: CoreKind): ResourceKind => {
  const version = kind.version ?? 'v1';
  const { properties, required } = kind;
  const schema = wholeObjectSchema({ type: 'object', properties, ...(required && { required }) });
  return {
    group: kind.group ?? '',
    kind: kind.kind,
    plural: kind.plural,
    singular: kind.kind.toLowerCase(),
    namespaced: kind.namespaced ?? true,
    versions: [{ name: version, schema }],
    storageVersion: version,
    ...(kind.shortNames && { shortNames: kind.shortNames }),
    ...(kind.categories && { categories: kind.categories }),
    ...(kind.statusSubresource && { statusSubresource: true }),
    ...(kind.scaleSubresource && { scaleSubresource: true }),
  };
};
