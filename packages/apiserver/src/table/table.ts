import type { KubeObject, ObjectMeta, ResourceKind } from '@lateen/api';
import type { Cell, Column } from './column.ts';
import { kindColumns } from './kind-columns.ts';

/** meta/v1 TableColumnDefinition. */
export interface TableColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** meta/v1 TableRow. */
export interface TableRow {
  readonly cells: readonly Cell[];
  readonly object?: KubeObject | PartialObjectMetadata;
}

/** meta/v1 PartialObjectMetadata: what kubectl needs of a row (labels, namespace, owner). */
export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ObjectMeta;
}

/** meta/v1 Table: how the server prints objects for `kubectl get`. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly columnDefinitions: readonly TableColumnDefinition[];
  readonly rows: readonly TableRow[];
}

/** What a Table shows; a single object and a watch event are lists of one. */
export interface TableRequest {
  readonly kind: ResourceKind;
  /** API version of the request: declared columns may differ by version. */
  readonly version: string;
  readonly objects: readonly KubeObject[];
  readonly resourceVersion: string;
  /** Unix milliseconds ages are counted to. */
  readonly nowMs: number;
  /** The `includeObject` query parameter. Default Metadata. */
  readonly includeObject?: 'Metadata' | 'None' | 'Object';
  /** Later events of one watch repeat no columns. Default false. */
  readonly omitColumns?: boolean;
  /** Token of the next page, when the list was limited. */
  readonly continueToken?: string;
  readonly remainingItemCount?: number;
}

const definition = ({
  name,
  type,
  format,
  description,
  priority,
}: Column): TableColumnDefinition => ({
  name,
  type,
  format,
  description,
  priority,
});

const rowObject = (
  object: KubeObject,
  includeObject: 'Metadata' | 'None' | 'Object',
): Pick<TableRow, 'object'> => {
  if (includeObject === 'None') return {};
  if (includeObject === 'Object') return { object };
  const { metadata } = object;
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } };
};

/** Renders objects of one kind as the Table kubectl prints. */
export const renderTable = (request: TableRequest): Table => {
  const { includeObject = 'Metadata', nowMs, continueToken, remainingItemCount } = request;
  const columns = kindColumns(request.kind, request.version);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {
      resourceVersion: request.resourceVersion,
      ...(continueToken !== undefined && { continue: continueToken }),
      ...(remainingItemCount !== undefined && { remainingItemCount }),
    },
    columnDefinitions: request.omitColumns === true ? [] : columns.map(definition),
    rows: request.objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, nowMs)),
      ...rowObject(object, includeObject),
    })),
  };
};
