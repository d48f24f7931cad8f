import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { KubeObject } from '@lateen/api';
import type { SourcePosition } from '@lateen/base';
import type { Locate } from '@lateen/simulation';
import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml';
import { ExplainError } from './explain-error.ts';

/** Objects read from files, and where each of their fields was written. */
export interface Manifests {
  readonly objects: readonly KubeObject[];
  readonly locate: Locate;
}

interface Place {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  /** Field of the document that holds the object, for items of a List. */
  readonly root: readonly (string | number)[];
}

const extensions: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

const standardInput = '-';

const reasonOf = (cause: unknown): string => {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code === 'ENOENT') return 'there is no such file';
  return cause instanceof Error ? cause.message : String(cause);
};

/** A folder stands for the manifests in it, in order of their names, as for kubectl. */
const filesOf = (path: string): readonly string[] => {
  if (path === standardInput) return [path];
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => extensions.has(extname(name)))
      .sort()
      .map((name) => join(path, name));
  } catch (cause) {
    throw new ExplainError('bad-file', `cannot read ${path}: ${reasonOf(cause)}`, cause);
  }
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file === standardInput ? 0 : file, 'utf8');
  } catch (cause) {
    throw new ExplainError('bad-file', `cannot read ${file}: ${reasonOf(cause)}`, cause);
  }
};

const isObject = (value: unknown): value is KubeObject => {
  const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown } };
  return typeof kind === 'string' && typeof metadata?.name === 'string';
};

/** `spec.http[1].match[0]` as keys. */
const keysOf = (path: string): readonly (string | number)[] =>
  [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));

const positionOf = ({ file, document, lines, root }: Place, path: string): SourcePosition => {
  const keys = [...root, ...keysOf(path)];
  // The deepest part of the path that is in the text.
  for (let length = keys.length; length > 0; length--) {
    const node = document.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) {
      const { line, col } = lines.linePos(node.range[0]);
      return { file, line, column: col };
    }
  }
  return { file, line: 1, column: 1 };
};

const keyOf = (object: { kind: string; namespace: string; name: string }): string =>
  `${object.kind}/${object.namespace}/${object.name}`;

const readDocument = (
  place: Omit<Place, 'root'>,
): readonly { readonly object: KubeObject; readonly place: Place }[] => {
  const [error] = place.document.errors;
  if (error !== undefined) {
    const { line, col } = place.lines.linePos(error.pos[0]);
    const message = error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '');
    throw new ExplainError('bad-file', `${place.file}:${line}:${col}: ${message}`);
  }
  const value: unknown = place.document.toJS();
  if (value === null || value === undefined) return [];
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (Array.isArray(items) && typeof kind === 'string' && kind.endsWith('List')) {
    return items.flatMap((item: unknown, index) =>
      isObject(item) ? [{ object: item, place: { ...place, root: ['items', index] } }] : [],
    );
  }
  if (isObject(value)) return [{ object: value, place: { ...place, root: [] } }];
  throw new ExplainError('bad-file', `${place.file} holds something without kind and name`);
};

const readFile = (file: string) => {
  const lines = new LineCounter();
  const name = file === standardInput ? 'stdin' : file;
  const documents = parseAllDocuments(textOf(file), { lineCounter: lines, version: '1.1' });
  return [...documents].flatMap((document) => readDocument({ file: name, document, lines }));
};

/**
 * Reads YAML or JSON manifests: files, folders, or `-` for standard input. Of an object written
 * twice the last one counts. @throws ExplainError `bad-file`.
 */
export const readManifests = (paths: readonly string[]): Manifests => {
  const byKey = new Map<string, { readonly object: KubeObject; readonly place: Place }>();
  for (const entry of paths.flatMap(filesOf).flatMap(readFile)) {
    const { kind, metadata } = entry.object;
    byKey.set(
      keyOf({ kind, namespace: metadata.namespace ?? 'default', name: metadata.name }),
      entry,
    );
  }
  return {
    objects: [...byKey.values()].map(({ object }) => object),
    locate: (object, path) => {
      const place = byKey.get(keyOf(object))?.place;
      return place && positionOf(place, path);
    },
  };
};
