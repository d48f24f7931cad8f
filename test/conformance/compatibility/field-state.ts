import { type Evidence, evidenceKey } from './evidence.ts';
import {
  type Exceptions,
  newerThanIstio,
  notImplementedInIstio,
  refusedByIstio,
} from './exception.ts';
import { missingFields } from './missing-field.ts';
import type { SchemaField } from './schema-field.ts';
import { shownByTests } from './shown-by-tests.ts';

/** What can be said of a field. */
export type FieldState =
  | { readonly kind: 'implemented'; readonly rows: readonly string[] }
  | { readonly kind: 'not-implemented-in-istio'; readonly reason: string }
  | { readonly kind: 'newer' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'missing'; readonly reason: string };

/** A field, or a word that a field may hold, with its state. */
export interface StatedField {
  readonly key: string;
  /** `http[].match[].uri`, or for a word `mode: SIMPLE`. */
  readonly path: string;
  readonly sameAs: string | undefined;
  readonly state: FieldState;
}

/** The entry for a field, for a message around it, or for the field that a word belongs to. */
const entryOf = (exceptions: Exceptions, key: string): string | undefined => {
  const [place = '', word] = key.split(': ');
  const exact = exceptions.get(key);
  if (exact !== undefined || word !== undefined) return exact;
  for (const [other, entry] of exceptions) {
    if (!other.includes(': ') && place.startsWith(`${other}.`)) return entry;
  }
  return undefined;
};

const stateOf = (key: string, evidence: Evidence): FieldState => {
  const rows = evidence.get(key);
  if (rows !== undefined) return { kind: 'implemented', rows };
  const reason = entryOf(notImplementedInIstio, key);
  if (reason !== undefined) return { kind: 'not-implemented-in-istio', reason };
  if (entryOf(newerThanIstio, key) !== undefined) return { kind: 'newer' };
  if (entryOf(refusedByIstio, key) !== undefined) return { kind: 'refused' };
  const test = entryOf(shownByTests, key);
  if (test !== undefined) return { kind: 'implemented', rows: [test] };
  const missing = entryOf(missingFields, key) ?? 'no row shows it';
  return { kind: 'missing', reason: missing };
};

/** States of a kind's fields, each followed by those of the words it may hold. */
export const stateFields = (
  fields: readonly SchemaField[],
  evidence: Evidence,
): readonly StatedField[] =>
  fields.flatMap((field) => [
    {
      key: evidenceKey(field),
      path: field.path,
      sameAs: field.sameAs,
      state: stateOf(evidenceKey(field), evidence),
    },
    ...field.words.map((word) => ({
      key: evidenceKey(field, word),
      path: `${field.path}: ${word}`,
      sameAs: undefined,
      state: stateOf(evidenceKey(field, word), evidence),
    })),
  ]);
