import type { FormatContext } from './format-context.ts';
import { type OperatorCompiler, typedOperator } from './format-operator.ts';

type MetadataReader = (c: FormatContext, namespace: string, path: readonly string[]) => unknown;

const nothing: MetadataReader = () => undefined;

/** Kinds of metadata by Envoy's names. Those of listeners and virtual hosts are known and not kept. */
const readers: Readonly<Record<string, MetadataReader>> = {
  DYNAMIC: (c, namespace, path) => c.dynamicMetadata(namespace, path),
  ROUTE: (c, namespace, path) => c.routeMetadata(namespace, path),
  CLUSTER: (c, namespace, path) => c.clusterMetadata(namespace, path),
  UPSTREAM_HOST: (c, namespace, path) => c.upstreamMetadata?.(namespace, path),
  LISTENER: nothing,
  LISTENER_FILTER_CHAIN: nothing,
  VIRTUAL_HOST: nothing,
};

/** `namespace:key:key` of one kind. */
const metadataOf =
  (type: string): OperatorCompiler =>
  (argument) => {
    const read = readers[type] ?? nothing;
    const [namespace = '', ...path] = argument.split(':');
    return namespace === '' ? undefined : typedOperator((c) => read(c, namespace, path));
  };

/** `METADATA(TYPE:namespace:key)`. */
const typedMetadata: OperatorCompiler = (argument, place) => {
  const colon = argument.indexOf(':');
  const type = argument.slice(0, Math.max(colon, 0));
  if (!Object.hasOwn(readers, type)) return undefined;
  return metadataOf(type)(argument.slice(colon + 1), place);
};

/** `KEY`, `KEY:PLAIN`, `KEY:TYPED`, `KEY:FIELD:name`. */
const filterState: OperatorCompiler = (argument) => {
  const [key = '', form = '', field = ''] = argument.split(':');
  if (key === '' || !['', 'PLAIN', 'TYPED', 'FIELD'].includes(form)) return undefined;
  if (form === 'FIELD') return typedOperator((c) => c.filterStateObject?.(key)?.[field]);
  return typedOperator((c) => c.filterState(key) ?? c.filterStateObject?.(key));
};

/** Operators on metadata and filter state. */
export const metadataOperators: Readonly<Record<string, OperatorCompiler>> = {
  DYNAMIC_METADATA: metadataOf('DYNAMIC'),
  CLUSTER_METADATA: metadataOf('CLUSTER'),
  UPSTREAM_METADATA: metadataOf('UPSTREAM_HOST'),
  METADATA: typedMetadata,
  FILTER_STATE: filterState,
  UPSTREAM_FILTER_STATE: filterState,
};
