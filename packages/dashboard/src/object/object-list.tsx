import type { Health } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { chosenNamespaces } from '../app/preferences.ts';
import { goTo } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { t } from '../i18n/translate.ts';
import { Empty, HealthMark, Loaded } from '../view/feedback.tsx';
import { FilterField, hasText } from '../view/filter-field.tsx';
import { type Column, Table } from '../view/table.tsx';
import { healthOrder } from './health-order.ts';

/** What every row of such a list has. */
interface ListedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

interface ObjectListProps<Answer, Row extends ListedObject> {
  readonly label: string;
  /** Of the server's answer. */
  readonly path: string;
  readonly rowsOf: (answer: Answer) => readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly linkOf: (row: Row) => string;
}

/** How rows are doing. */
export const healthColumn = <T extends { readonly health: Health }>(): Column<T> => ({
  key: 'health',
  title: t('table.health'),
  cell: ({ health }) => <HealthMark health={health} />,
  order: ({ health }) => healthOrder(health),
});

/** How many are ready, of how many. */
export const readyColumn = <T,>(
  key: string,
  title: string,
  of: (row: T) => { readonly ready: number; readonly total: number },
): Column<T> => ({
  key,
  title,
  isNumber: true,
  cell: (row) => {
    const { ready, total } = of(row);
    return (
      <span class={ready < total ? 'text-warn' : ''}>
        {ready}/{total}
      </span>
    );
  },
  order: (row) => of(row).ready,
});

/** All objects of a kind in the chosen namespaces, kept up to date, with a field that narrows them by name. */
export const ObjectList = <Answer, Row extends ListedObject>(
  props: ObjectListProps<Answer, Row>,
): VNode => {
  const { label, path, rowsOf, columns, linkOf } = props;
  const [filter, setFilter] = useState('');
  const resource = useResource<Answer>(
    withQuery(path, { namespaces: chosenNamespaces.value.join(',') }),
    ['metrics', 'config'],
    { keep: true },
  );
  return (
    <>
      <div class="toolbar">
        <FilterField value={filter} onInput={setFilter} />
      </div>
      <Loaded resource={resource}>
        {(answer) => {
          const rows = rowsOf(answer).filter(({ name }) => hasText(filter, name));
          if (rows.length === 0) return <Empty title={t('list.empty')} />;
          return (
            <Table
              label={label}
              rows={rows}
              columns={columns}
              keyOf={({ kind, namespace, name }) => `${kind}/${namespace}/${name}`}
              onOpen={(row) => goTo(linkOf(row))}
            />
          );
        }}
      </Loaded>
    </>
  );
};
