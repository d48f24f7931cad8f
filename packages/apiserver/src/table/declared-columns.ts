import type { PrinterColumn } from '@lateen/api';
import { ageColumn, type Cell, type Column, column, nameColumn } from './column.ts';
import { humanAge } from './human-duration.ts';
import { compileJsonPath } from './json-path.ts';

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const textCell = (value: unknown): Cell =>
  isScalar(value) ? String(value) : JSON.stringify(value);

const cellByType: Readonly<Record<PrinterColumn['type'], (value: unknown, nowMs: number) => Cell>> =
  {
    string: textCell,
    integer: (value) => (typeof value === 'number' ? Math.trunc(value) : null),
    number: (value) => (typeof value === 'number' ? value : null),
    boolean: (value) => (typeof value === 'boolean' ? value : null),
    date: (value, nowMs) => (typeof value === 'string' ? humanAge(value, nowMs) : null),
  };

const declaredColumn = (declared: PrinterColumn): Column => {
  const select = compileJsonPath(declared.jsonPath);
  const toCell = cellByType[declared.type] ?? textCell;
  const shown = column(
    declared.name,
    (object, nowMs) => {
      const value = select(object)[0];
      return value === undefined || value === null ? null : toCell(value, nowMs);
    },
    { type: declared.type, description: declared.description ?? '' },
  );
  return { ...shown, priority: declared.priority ?? 0 };
};

/** Columns of a kind that declares them (CRD `additionalPrinterColumns`): Name first; Name and Age without any. */
export const declaredColumns = (
  printerColumns: readonly PrinterColumn[] = [],
): readonly Column[] =>
  printerColumns.length === 0
    ? [nameColumn, ageColumn]
    : [nameColumn, ...printerColumns.map(declaredColumn)];
