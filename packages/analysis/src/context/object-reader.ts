import {
  applyDefaults,
  builtinKinds,
  dropNulls,
  findUnknownFields,
  istioKinds,
  type JsonSchema,
  type KubeObject,
  pruneUnknownFields,
  type ResourceKind,
  validateSchema,
} from '@lateen/api';
import type { Diagnostic } from '@lateen/base';

interface KnownKind {
  readonly kind: ResourceKind;
  readonly schema: JsonSchema;
  readonly isIstio: boolean;
}

const entriesOf =
  (isIstio: boolean) =>
  (kind: ResourceKind): readonly (readonly [string, KnownKind])[] =>
    kind.versions.map(({ name, schema }) => [
      `${kind.group === '' ? '' : `${kind.group}/`}${name}/${kind.kind}`,
      { kind, schema, isIstio },
    ]);

/** `apiVersion/kind` to its schema. */
const knownKinds: ReadonlyMap<string, KnownKind> = new Map([
  ...builtinKinds.flatMap(entriesOf(false)),
  ...istioKinds.flatMap(entriesOf(true)),
]);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What to say of a value that is none. */
export const notAnObject: string =
  'not a Kubernetes object: it needs apiVersion, kind and metadata.name';

/** Whether a value has what every Kubernetes object has: apiVersion, kind and a name. */
export const isKubeObject = (value: unknown): value is KubeObject =>
  isRecord(value) &&
  typeof value['apiVersion'] === 'string' &&
  typeof value['kind'] === 'string' &&
  isRecord(value['metadata']) &&
  typeof value['metadata']['name'] === 'string' &&
  value['metadata']['name'] !== '';

/** An object as analyzers get it. */
export interface ReadObject {
  /** What the caller gave. */
  readonly source: KubeObject;
  /** With its namespace, without unknown fields, with defaults; undefined when it does not fit its schema. */
  readonly object: KubeObject | undefined;
  /** Named as the object is, for findings about one that does not fit. */
  readonly named: KubeObject;
  /** Shape: what does not fit the schema, and unknown fields of Istio's kinds. */
  readonly problems: readonly Diagnostic[];
  readonly isIstio: boolean;
}

const withNamespace = (object: KubeObject, known: KnownKind, namespace: string): KubeObject => {
  const { namespace: own, ...metadata } = object.metadata;
  if (!known.kind.namespaced) return { ...object, metadata };
  const given = typeof own === 'string' && own !== '' ? own : namespace;
  return { ...object, metadata: { ...metadata, namespace: given } };
};

/** Reads one object; undefined for kinds that nothing here knows. */
export const readObject = (source: KubeObject, namespace: string): ReadObject | undefined => {
  const known = knownKinds.get(`${source.apiVersion}/${source.kind}`);
  if (known === undefined) return undefined;
  const { schema, isIstio } = known;
  const raw = isIstio ? source : (dropNulls(source) as KubeObject);
  const unknownFields = isIstio ? findUnknownFields(schema, raw) : [];
  const complete = applyDefaults(schema, pruneUnknownFields(schema, raw));
  const shape = validateSchema(schema, complete);
  const named = withNamespace(source, known, namespace);
  return {
    source,
    named,
    object: shape.length === 0 ? withNamespace(complete, known, namespace) : undefined,
    problems: [...unknownFields, ...shape],
    isIstio,
  };
};
