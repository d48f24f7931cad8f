import {
  type FieldPart,
  isKubeObject,
  type ManifestDocument,
  notAnObject,
  readManifestDocuments,
} from '@lateen/analysis';
import type { KubeObject } from '@lateen/api';
import type { Diagnostic, SourcePosition } from '@lateen/base';
import { findWatchedKind } from '../mesh/watched-kinds.ts';

/** An object of a text, with the places of its fields. */
export interface WrittenObject {
  /** With its namespace set, where its kind has one. */
  readonly object: KubeObject;
  /** Place of a field path such as `spec.http[0]`, or of the deepest part of it that is written. */
  readonly locate: (path: string, part?: FieldPart) => SourcePosition;
}

/** What a text holds. */
export interface ManifestText {
  readonly objects: readonly WrittenObject[];
  /** What is no YAML, or no object. */
  readonly diagnostics: readonly Diagnostic[];
}

const withNamespace = (object: KubeObject, namespace: string): KubeObject => {
  const isClusterWide = findWatchedKind(object.kind)?.resource.namespaced === false;
  return isClusterWide || object.metadata.namespace !== undefined
    ? object
    : { ...object, metadata: { ...object.metadata, namespace } };
};

const readDocument = (
  { value, problem, locate }: ManifestDocument,
  namespace: string,
): ManifestText => {
  const refuse = (code: string, message: string, position: SourcePosition): ManifestText => ({
    objects: [],
    diagnostics: [{ severity: 'error', code, message, position }],
  });
  if (problem !== undefined) return refuse('YamlInvalid', problem.message, problem.position);
  if (value === null || value === undefined) return { objects: [], diagnostics: [] };
  if (!isKubeObject(value)) return refuse('ObjectInvalid', notAnObject, locate(''));
  const object = withNamespace(value, namespace);
  return {
    objects: [{ object, locate: (path, part) => locate(path, part) }],
    diagnostics: [],
  };
};

/** Reads YAML or JSON of one or more objects; `namespace` is that of objects which name none. Never throws. */
export const readManifestText = (yaml: string, namespace: string): ManifestText => {
  const read = readManifestDocuments(yaml).map((document) => readDocument(document, namespace));
  return {
    objects: read.flatMap(({ objects }) => objects),
    diagnostics: read.flatMap(({ diagnostics }) => diagnostics),
  };
};
