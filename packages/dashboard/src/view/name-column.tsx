import { t } from '../i18n/translate.ts';
import type { Column } from './table.tsx';

/** The first column of lists of objects: a name that leads to the object, and below it where or what it is. */
export const nameColumn = <T extends { readonly name: string; readonly namespace: string }>(
  linkOf: (row: T) => string,
  detailOf: (row: T) => string = ({ namespace }) => namespace,
): Column<T> => ({
  key: 'name',
  title: t('table.name'),
  cell: (row) => (
    <span class="cell-name">
      <a href={linkOf(row)}>{row.name}</a>
      <small>{detailOf(row)}</small>
    </span>
  ),
  order: ({ name, namespace }) => `${name} ${namespace}`,
});
