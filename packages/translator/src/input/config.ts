import { type KubeObject, validateIstioObject } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';
import type { Reader } from './reader.ts';

/** An API object read once into what the translator uses of it. */
export interface Config<Spec> {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  /** '' for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  /** RFC 3339, '' when unset; older wins conflicts. */
  readonly creationTimestamp: string;
  readonly spec: Spec;
  /** As the API has it; undefined when unset. */
  readonly status?: unknown;
}

/** The outcome for one object: without a config it is skipped, and the diagnostics say why. */
export interface ReadConfig<Spec> {
  readonly config: Config<Spec> | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const stringsOf = (value: unknown): ReadonlyMap<string, string> => {
  const result = new Map<string, string>();
  if (typeof value !== 'object' || value === null) return result;
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry === 'string') result.set(key, entry);
  }
  return result;
};

const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;

/** What is left of a spec that does not pass validation, given the errors. */
export type Salvage<Spec> = (spec: Spec, errors: readonly Diagnostic[]) => Spec;

/** How objects of a kind are read. */
export interface ReadOptions<Spec> {
  /** `whole`: kinds such as EndpointSlice carry their fields beside `metadata` instead of in `spec`. */
  readonly root: 'spec' | 'whole';
  /**
   * Keeps objects that do not pass validation: for kinds that restrict, where leaving one out would
   * open what it closes. Absent: they are skipped.
   */
  readonly salvage?: Salvage<Spec> | undefined;
}

const nameOf = (object: KubeObject): { readonly name: string; readonly namespace: string } => {
  const metadata = fieldOf(object, 'metadata');
  return {
    name: stringOf(fieldOf(metadata, 'name')),
    namespace: stringOf(fieldOf(metadata, 'namespace')),
  };
};

/**
 * Reads an object; an error of Istio's own validation, or a field of the wrong type, skips it: one
 * bad route would make proxies refuse all routes beside it.
 */
export const readConfig = <Spec>(
  kind: string,
  object: KubeObject,
  reader: Reader<Spec | undefined>,
  options: ReadOptions<Spec> = { root: 'spec' },
): ReadConfig<Spec> => {
  const { name, namespace } = nameOf(object);
  const about = `${kind}/${namespace}/${name}`;
  const diagnostics: Diagnostic[] = validateIstioObject(object).map((finding) => ({
    ...finding,
    object: about,
  }));
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0 && options.salvage === undefined) return { config: undefined, diagnostics };
  let isUnreadable = false;
  const report = (path: string, message: string): void => {
    isUnreadable = true;
    diagnostics.push({ severity: 'error', code: 'FieldInvalid', message, path, object: about });
  };
  if (name === '') report('metadata.name', 'must not be empty');
  const root = options.root === 'spec' ? (fieldOf(object, 'spec') ?? {}) : object;
  const read = reader(root, options.root === 'spec' ? 'spec' : '', report);
  if (read === undefined || isUnreadable) return { config: undefined, diagnostics };
  const spec = errors.length > 0 ? (options.salvage?.(read, errors) ?? read) : read;
  const metadata = fieldOf(object, 'metadata');
  const config = {
    kind,
    apiVersion: stringOf(fieldOf(object, 'apiVersion')),
    name,
    namespace,
    labels: stringsOf(fieldOf(metadata, 'labels')),
    annotations: stringsOf(fieldOf(metadata, 'annotations')),
    creationTimestamp: stringOf(fieldOf(metadata, 'creationTimestamp')),
    spec,
    status: fieldOf(object, 'status'),
  };
  return { config, diagnostics };
};

/** Istio's order for every conflict: creation time, then name, then namespace. */
export const compareAge = (left: Config<unknown>, right: Config<unknown>): number =>
  compareText(left.creationTimestamp, right.creationTimestamp) ||
  compareText(left.name, right.name) ||
  compareText(left.namespace, right.namespace);

const compareText = (left: string, right: string): number =>
  left === right ? 0 : left < right ? -1 : 1;
