import type { KubeObject } from '@lateen/api';
import type { Locate } from '@lateen/simulation';
import {
  type ManifestObject,
  type ManifestSet,
  readManifestSet,
} from '../manifest/manifest-set.ts';
import { ExplainError } from './explain-error.ts';

/** Objects read from files, and where each of their fields was written. */
export interface Manifests {
  readonly objects: readonly KubeObject[];
  readonly locate: Locate;
}

const readSet = (paths: readonly string[]): ManifestSet => {
  try {
    return readManifestSet(paths);
  } catch (cause) {
    const { code, path, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new ExplainError('bad-file', `cannot read ${path ?? paths.join(', ')}: ${reason}`, cause);
  }
};

const keyOf = (object: { kind: string; namespace: string; name: string }): string =>
  `${object.kind}/${object.namespace}/${object.name}`;

/**
 * Reads YAML or JSON manifests: files, folders, or `-` for standard input. Of an object written
 * twice the last one counts, as if they were applied in this order. @throws ExplainError `bad-file`.
 */
export const readManifests = (paths: readonly string[]): Manifests => {
  const set = readSet(paths);
  const [problem] = set.problems;
  if (problem !== undefined) {
    const { file, line, column } = problem.position;
    throw new ExplainError('bad-file', `${file}:${line}:${column}: ${problem.message}`);
  }
  const byKey = new Map<string, ManifestObject>();
  for (const entry of set.objects) {
    const { kind, metadata } = entry.object;
    const { name, namespace = 'default' } = metadata;
    byKey.set(keyOf({ kind, namespace, name }), entry);
  }
  return {
    objects: [...byKey.values()].map(({ object }) => object),
    locate: (object, path) => byKey.get(keyOf(object))?.locate(path),
  };
};
