import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

/** A column: how a row looks in it, and what it is ordered by. */
export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Absent: the column cannot be ordered by. */
  readonly order?: (row: T) => string | number;
  /** Numbers stand right. */
  readonly isNumber?: boolean;
  /** What stands in it is short and never broken into lines. */
  readonly isWhole?: boolean;
  readonly width?: string;
}

interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  /** Where a row leads; it becomes pressable as a whole. */
  readonly onOpen?: (row: T) => void;
  readonly isChosen?: (row: T) => boolean;
  readonly startOrder?: { readonly key: string; readonly isDescending: boolean };
}

const compare = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));

const sortRows = <T,>(
  rows: readonly T[],
  column: Column<T> | undefined,
  isDescending: boolean,
): readonly T[] => {
  const order = column?.order;
  if (order === undefined) return rows;
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((a, b) => compare(order(a), order(b)) * sign);
};

/** Rows under headings that order them. */
export const Table = <T,>(props: TableProps<T>): VNode => {
  const { rows, columns, keyOf, onOpen, isChosen, startOrder } = props;
  const [order, setOrder] = useState(startOrder ?? { key: '', isDescending: false });
  const column = columns.find(({ key }) => key === order.key);
  const sorted = sortRows(rows, column, order.isDescending);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keys
    // biome-ignore lint/a11y/useSemanticElements: a field set is for controls
    <div class="table-scroll" role="group" aria-label={props.label} tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            {columns.map((each) => (
              <Heading
                key={each.key}
                column={each}
                isDescending={order.key === each.key ? order.isDescending : undefined}
                onOrder={(isDescending) => setOrder({ key: each.key, isDescending })}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr
              key={keyOf(row)}
              class={`${onOpen === undefined ? '' : 'pressable'}${isChosen?.(row) === true ? ' chosen' : ''}`}
              onClick={
                onOpen === undefined
                  ? undefined
                  : (event) => {
                      if ((event.target as HTMLElement).closest('a,button,input') === null)
                        onOpen(row);
                    }
              }
            >
              {columns.map((each) => (
                <td key={each.key} class={lookOf(each)}>
                  {each.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const lookOf = <T,>({ isNumber, isWhole }: Column<T>): string => {
  if (isNumber === true) return 'number';
  return isWhole === true ? 'whole' : '';
};

const ariaSort = (isDescending: boolean | undefined) => {
  if (isDescending === undefined) return undefined;
  return isDescending ? 'descending' : 'ascending';
};

const Heading = <T,>({
  column,
  isDescending,
  onOrder,
}: {
  column: Column<T>;
  isDescending: boolean | undefined;
  onOrder: (isDescending: boolean) => void;
}): VNode => {
  const look = column.isNumber === true ? 'number' : '';
  const style = column.width === undefined ? {} : { width: column.width };
  if (column.order === undefined)
    return (
      <th scope="col" class={look} style={style}>
        {column.title}
      </th>
    );
  const first = column.isNumber === true;
  return (
    <th scope="col" class={look} style={style} aria-sort={ariaSort(isDescending)}>
      <button
        type="button"
        onClick={() => onOrder(isDescending === undefined ? first : !isDescending)}
      >
        {column.title}
        <span class={`order order-${ariaSort(isDescending) ?? 'none'}`}>
          <Icon name="chevronDown" size={12} />
        </span>
      </button>
    </th>
  );
};
