import type { KubeObject } from '@lateen/api';
import { humanAge } from './human-duration.ts';

/** A value of a Table row; null prints as nothing. */
export type Cell = string | number | boolean | null;

/** meta/v1 TableColumnDefinition with the function that fills it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** `name` marks the column kubectl prints with the resource's prefix. */
  readonly format: string;
  readonly description: string;
  /** 0 shows always; above 0 only with `-o wide`. */
  readonly priority: number;
  readonly cell: (object: KubeObject, nowMs: number) => Cell;
}

/** What differs from an always shown string column. */
export interface ColumnOptions {
  /** Default `string`. */
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
}

/** A column of one kind; the kind's layout is only ever given objects of that kind. */
export const column = <Kind extends KubeObject>(
  name: string,
  cell: (object: Kind, nowMs: number) => Cell,
  { type = 'string', format = '', description = '' }: ColumnOptions = {},
): Column => ({
  name,
  type,
  format,
  description,
  priority: 0,
  cell: (object, nowMs) => cell(object as Kind, nowMs),
});

/** Shows a column only with `-o wide`. */
export const wide = (shown: Column): Column => ({ ...shown, priority: 1 });

/** The first column of every table. */
export const nameColumn: Column = column('Name', ({ metadata }) => metadata.name, {
  format: 'name',
  description: 'Name must be unique within a namespace.',
});

/** How long ago an object was created, as kubectl writes it: `5m12s`. */
export const ageColumn: Column = column('Age', ({ metadata }, nowMs) =>
  humanAge(metadata.creationTimestamp, nowMs),
);

/** The creation time itself, for kinds that are printed so (roles, definitions). */
export const createdAtColumn: Column = column(
  'Created At',
  ({ metadata }) => metadata.creationTimestamp ?? '<unknown>',
);

/** `<none>` where Kubernetes prints it for an empty value. */
export const orNone = (value: string | undefined): string =>
  value === undefined || value === '' ? '<none>' : value;

/** At most three of a list, then `+ n more...`; `empty` for none. */
export const firstThree = (texts: readonly string[], empty: string): string => {
  const shownCount = 3;
  if (texts.length === 0) return empty;
  const shown = texts.slice(0, shownCount).join(',');
  return texts.length > shownCount ? `${shown} + ${texts.length - shownCount} more...` : shown;
};
