import type { SourcePosition } from '@lateen/base';
import { type Document, isNode, LineCounter, type Node } from 'yaml';
import { type FieldPart, fieldPosition } from './field-position.ts';
import { parseKubernetesYaml } from './kubernetes-yaml.ts';

/** A document of a manifest, with the places of its fields. */
export interface ManifestDocument {
  /** Undefined or null for an empty document, and for one with a problem. */
  readonly value: unknown;
  /** Why it cannot be read, and where. */
  readonly problem: { readonly message: string; readonly position: SourcePosition } | undefined;
  /**
   * Place of a field path such as `spec.http[0]`, or of the deepest part of it that is in the text; '' is the
   * object itself. `item`: of that item of a List.
   */
  readonly locate: (path: string, part?: FieldPart, item?: number) => SourcePosition;
}

/** The node that holds an object: the document's own, or an item of a List. */
const rootNode = (document: Document, item: number | undefined): Node | undefined => {
  const found: unknown =
    item === undefined ? document.contents : document.getIn(['items', item], true);
  return isNode(found) ? found : undefined;
};

const readDocument = (document: Document, lines: LineCounter): ManifestDocument => {
  const locate: ManifestDocument['locate'] = (path, part, item) =>
    fieldPosition(rootNode(document, item), path, lines, part);
  const [error] = document.errors;
  if (error !== undefined) {
    // The parser repeats the place and shows the text; the first line is the reason.
    const message = error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '') ?? 'not YAML';
    const { line, col } = lines.linePos(error.pos[0]);
    return { value: undefined, problem: { message, position: { line, column: col } }, locate };
  }
  try {
    return { value: document.toJS(), problem: undefined, locate };
  } catch (cause) {
    // An alias without anchor, or so many that they are an attack.
    const message = cause instanceof Error ? cause.message : String(cause);
    return { value: undefined, problem: { message, position: locate('') }, locate };
  }
};

/** The documents of a text of YAML or JSON, read as kubectl reads them. Never throws. */
export const readManifestDocuments = (text: string): readonly ManifestDocument[] => {
  const lines = new LineCounter();
  return parseKubernetesYaml(text, lines).map((document) => readDocument(document, lines));
};
