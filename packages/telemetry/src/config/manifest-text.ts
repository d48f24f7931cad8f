import { isKubeObject } from '@lateen/analysis';
import type { KubeObject } from '@lateen/api';
import type { Diagnostic, SourcePosition } from '@lateen/base';
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import { findWatchedKind } from '../mesh/watched-kinds.ts';

/** An object of a text, with the places of its fields. */
export interface WrittenObject {
  /** With its namespace set, where its kind has one. */
  readonly object: KubeObject;
  /** Place of a field path such as `spec.http[0]`, or of the deepest part of it that is written. */
  readonly locate: (path: string, part?: 'key' | 'value') => SourcePosition;
}

/** What a text holds. */
export interface ManifestText {
  readonly objects: readonly WrittenObject[];
  /** What is no YAML, or no object. */
  readonly diagnostics: readonly Diagnostic[];
}

/** `spec.http[1].headers[end-user]` as keys; a key in brackets may hold any character but `]`. */
const keysOf = (path: string): readonly string[] =>
  [...path.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)].map(
    ([, name, bracketed]) => name ?? bracketed ?? '',
  );

interface Step {
  readonly value: Node | undefined;
  /** Where to point. */
  readonly anchor: Node | undefined;
}

const stepInto = (node: Node | undefined, key: string, part: 'key' | 'value'): Step | undefined => {
  if (isMap(node)) {
    const pair = node.items.find((one) => isScalar(one.key) && String(one.key.value) === key);
    if (pair === undefined) return undefined;
    const value = isNode(pair.value) ? pair.value : undefined;
    const anchor = part === 'key' || value === undefined || isCollection(value) ? pair.key : value;
    return { value, anchor: isNode(anchor) ? anchor : undefined };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(key)];
  return isNode(item) ? { value: item, anchor: item } : undefined;
};

const locator =
  (root: Node | undefined, lines: LineCounter): WrittenObject['locate'] =>
  (path, part = 'value') => {
    let node = root;
    let anchor = root;
    for (const key of keysOf(path)) {
      const step = stepInto(node, key, part);
      if (step === undefined) break;
      node = step.value;
      anchor = step.anchor ?? anchor;
    }
    const { line, col } = lines.linePos(anchor?.range?.[0] ?? 0);
    return { line, column: col };
  };

const withNamespace = (object: KubeObject, namespace: string): KubeObject => {
  const isClusterWide = findWatchedKind(object.kind)?.resource.namespaced === false;
  return isClusterWide || object.metadata.namespace !== undefined
    ? object
    : { ...object, metadata: { ...object.metadata, namespace } };
};

const problem = (code: string, message: string, position: SourcePosition): Diagnostic => ({
  severity: 'error',
  code,
  message,
  position,
});

const readDocument = (document: Document, lines: LineCounter, namespace: string): ManifestText => {
  const refuse = (code: string, message: string, offset: number): ManifestText => {
    const { line, col } = lines.linePos(offset);
    return { objects: [], diagnostics: [problem(code, message, { line, column: col })] };
  };
  const [error] = document.errors;
  if (error !== undefined) {
    // The parser repeats the place and shows the text; the first line is the reason.
    const reason = error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '') ?? 'not YAML';
    return refuse('YamlInvalid', reason, error.pos[0]);
  }
  const root = isNode(document.contents) ? document.contents : undefined;
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    // An alias without anchor, or so many that they are an attack.
    const reason = cause instanceof Error ? cause.message : String(cause);
    return refuse('YamlInvalid', reason, root?.range?.[0] ?? 0);
  }
  if (value === null || value === undefined) return { objects: [], diagnostics: [] };
  if (!isKubeObject(value)) {
    const message = 'not a Kubernetes object: it needs apiVersion, kind and metadata.name';
    return refuse('ObjectInvalid', message, root?.range?.[0] ?? 0);
  }
  const object = withNamespace(value, namespace);
  return { objects: [{ object, locate: locator(root, lines) }], diagnostics: [] };
};

/** Reads YAML or JSON of one or more objects; `namespace` is that of objects which name none. Never throws. */
export const readManifestText = (yaml: string, namespace: string): ManifestText => {
  const lines = new LineCounter();
  // Kubernetes reads YAML 1.1: `on` and `yes` are booleans.
  const documents = parseAllDocuments(yaml, { lineCounter: lines, version: '1.1' });
  const read = [...documents].map((document) => readDocument(document, lines, namespace));
  return {
    objects: read.flatMap(({ objects }) => objects),
    diagnostics: read.flatMap(({ diagnostics }) => diagnostics),
  };
};
