import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import {
  type FieldPart,
  isKubeObject,
  type ManifestDocument,
  notAnObject,
  readManifestDocuments,
} from '@lateen/analysis';
import type { KubeObject } from '@lateen/api';
import type { SourcePosition } from '@lateen/base';

/** An object from a file, with the places of its fields. */
export interface ManifestObject {
  readonly object: KubeObject;
  readonly file: string;
  /** Place of a field path such as `spec.http[0]`; '' is the object itself. */
  readonly locate: (path: string, part?: FieldPart) => SourcePosition;
}

/** Something in a file that is no object. */
export interface ManifestProblem {
  readonly message: string;
  readonly position: SourcePosition;
}

/** What files hold. */
export interface ManifestSet {
  readonly files: readonly string[];
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
  /** Files that were left out for their extension. */
  readonly skipped: readonly string[];
}

/** How files are looked for. */
export interface ManifestOptions {
  /** Folders within folders too. Default false. */
  readonly recursive?: boolean;
  /** Text of `-`. Default: reads standard input. */
  readonly stdin?: () => string;
}

/** What istioctl reads. */
const extensions: ReadonlySet<string> = new Set(['.json', '.yaml', '.yml']);

const hasExtension = (file: string): boolean => extensions.has(extname(file));

const filesIn = (folder: string, recursive: boolean): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) return [path];
      return recursive ? filesIn(path, recursive) : [];
    });

/** Files below the paths. @throws Error of the file system, with the path in it. */
const filesOf = (paths: readonly string[], recursive: boolean): readonly string[] =>
  paths.flatMap((path) =>
    path !== '-' && statSync(path).isDirectory() ? filesIn(path, recursive) : [path],
  );

interface Held {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
}

const objectsOf = ({ value, problem, locate }: ManifestDocument, file: string): Held => {
  const refuse = (message: string, position: SourcePosition): Held => ({
    objects: [],
    problems: [{ message, position: { file, ...position } }],
  });
  if (problem !== undefined) return refuse(problem.message, problem.position);
  if (value === null || value === undefined) return { objects: [], problems: [] };
  const place = (object: KubeObject, item?: number): ManifestObject => ({
    object,
    file,
    locate: (path, part) => ({ file, ...locate(path, part, item) }),
  });
  const { kind, items } = value as { readonly kind?: unknown; readonly items?: unknown };
  if (Array.isArray(items) && typeof kind === 'string' && kind.endsWith('List'))
    return {
      objects: items.flatMap((item: unknown, index) =>
        isKubeObject(item) ? [place(item, index)] : [],
      ),
      problems: [],
    };
  if (isKubeObject(value)) return { objects: [place(value)], problems: [] };
  return refuse(notAnObject, locate(''));
};

/** Reads manifests from YAML or JSON files, folders, or `-`. @throws Error for a file that cannot be read. */
export const readManifestSet = (
  paths: readonly string[],
  { recursive = false, stdin = () => readFileSync(0, 'utf8') }: ManifestOptions = {},
): ManifestSet => {
  const all = filesOf(paths, recursive);
  const files = all.filter((file) => file === '-' || hasExtension(file));
  const read = files.flatMap((file) => {
    const text = file === '-' ? stdin() : readFileSync(file, 'utf8');
    return readManifestDocuments(text).map((document) => objectsOf(document, file));
  });
  return {
    files,
    objects: read.flatMap(({ objects }) => objects),
    problems: read.flatMap(({ problems }) => problems),
    skipped: all.filter((file) => !files.includes(file)),
  };
};
