import { applyPatch, type Operation } from 'rfc6902';
import { isJsonObject } from './json-value.ts';
import { type PatchResult, patchFailure } from './patch-result.ts';

/** Kubernetes' own limit; each operation may walk the whole object. */
const maxOperations = 10_000;

const operationNames: ReadonlySet<unknown> = new Set([
  'add',
  'remove',
  'replace',
  'move',
  'copy',
  'test',
]);

const isPointer = (value: unknown): boolean =>
  typeof value === 'string' && (value === '' || value.startsWith('/'));

const needsSource = (op: unknown): boolean => op === 'move' || op === 'copy';

const isOperation = (value: unknown): value is Operation =>
  isJsonObject(value) &&
  operationNames.has(value['op']) &&
  isPointer(value['path']) &&
  (!needsSource(value['op']) || isPointer(value['from']));

const describe = (operation: Operation | undefined, failure: Error): string => {
  const subject =
    operation === undefined ? '' : `${operation.op} operation at "${operation.path}" `;
  return `the server rejected our request due to an error in our request: ${subject}failed: ${failure.message || failure.name}`;
};

const changesRoot = ({ op, path }: Operation): boolean => path === '' && op !== 'test';

/** Applies a JSON Patch (RFC 6902); all operations succeed or none is applied. */
export const applyJsonPatch = (live: unknown, patch: unknown): PatchResult => {
  if (!Array.isArray(patch)) return patchFailure('BadRequest', 'a JSON patch must be a list');
  if (patch.length > maxOperations) {
    return patchFailure(
      'BadRequest',
      `the JSON patch has ${patch.length} operations, at most ${maxOperations} are allowed`,
    );
  }
  if (!patch.every(isOperation)) {
    return patchFailure('BadRequest', 'the JSON patch holds an operation that is not valid');
  }
  // The root is wrapped because the library cannot replace it in place.
  const holder = { root: structuredClone(live) };
  const operations = patch.map((operation) => rooted(operation));
  try {
    const results = applyPatch(holder, operations);
    const failed = results.findIndex((result) => result !== null);
    const failure = results[failed];
    if (failure instanceof Error) return patchFailure('Invalid', describe(patch[failed], failure));
  } catch (failure) {
    const cause = failure instanceof Error ? failure : new Error(String(failure));
    return patchFailure('Invalid', describe(undefined, cause));
  }
  return { value: holder.root };
};

const rooted = (operation: Operation): Operation => {
  const copy = structuredClone(operation);
  const path = `/root${copy.path}`;
  if ('from' in copy) return { ...copy, path, from: `/root${copy.from}` };
  return changesRoot(operation) && copy.op === 'add'
    ? { ...copy, op: 'replace', path }
    : { ...copy, path };
};
