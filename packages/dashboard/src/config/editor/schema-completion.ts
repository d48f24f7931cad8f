import type { KindSchema } from '@lateen/telemetry/contract';
import type { YamlCursor } from './yaml-cursor.ts';

/** One suggestion. */
export interface Suggestion {
  readonly label: string;
  /** What is inserted instead of what is typed. */
  readonly insert: string;
  /** Type of the field, or what kind of name it is. */
  readonly detail: string;
  readonly info: string;
}

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly enum?: readonly unknown[];
}

const step = (node: SchemaNode | undefined, key: string): SchemaNode | undefined => {
  if (key === '-') return node?.items;
  const property = node?.properties?.[key];
  if (property !== undefined) return property;
  const rest = node?.additionalProperties;
  return typeof rest === 'object' ? rest : undefined;
};

const metadataNode: SchemaNode = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    namespace: { type: 'string' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
  },
};

const rootOf = ({ schema }: KindSchema): SchemaNode => {
  const root = schema as SchemaNode;
  return {
    ...root,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      ...root.properties,
      metadata: metadataNode,
    },
  };
};

const nodeAt = (schema: KindSchema, path: readonly string[]): SchemaNode | undefined =>
  path.reduce<SchemaNode | undefined>(step, rootOf(schema));

const firstSentence = (text = ''): string => /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;

const keySuggestion = (name: string, node: SchemaNode): Suggestion => ({
  label: name,
  insert: node.type === 'object' || node.type === 'array' ? `${name}:` : `${name}: `,
  detail: node.type ?? '',
  info: firstSentence(node.description),
});

const knownValues = (
  { values }: KindSchema,
  key: string,
  cursor: YamlCursor,
): readonly string[] => {
  const parent = cursor.path.filter((part) => part !== '-').at(-1);
  switch (key === '' ? parent : key) {
    case 'host':
    case 'hosts':
      return values.hosts;
    case 'subset':
      return [...new Set(Object.values(values.subsets).flat())].sort();
    case 'gateways':
      return ['mesh', ...values.gateways];
    case 'namespace':
      return values.namespaces;
    default:
      return [];
  }
};

const valueSuggestions = (schema: KindSchema, cursor: YamlCursor, key: string): Suggestion[] => {
  const node = key === '' ? nodeAt(schema, cursor.path) : nodeAt(schema, [...cursor.path, key]);
  const fixed = [
    ...(node?.enum ?? []).map(String),
    ...(node?.type === 'boolean' ? ['true', 'false'] : []),
    ...(key === 'kind' ? [schema.kind] : []),
    ...(key === 'apiVersion' ? schema.apiVersions : []),
  ];
  return [...fixed, ...knownValues(schema, key, cursor)].map((value) => ({
    label: value,
    insert: value,
    detail: fixed.includes(value) ? 'value' : 'name',
    info: '',
  }));
};

/** What can be written at a place: fields that are not there yet, or values that are known. */
export const suggest = (schema: KindSchema, cursor: YamlCursor): readonly Suggestion[] => {
  if (cursor.key !== undefined) return valueSuggestions(schema, cursor, cursor.key);
  const node = nodeAt(schema, cursor.path);
  const fields = Object.entries(node?.properties ?? {})
    .filter(([name]) => !cursor.siblings.includes(name))
    .map(([name, child]) => keySuggestion(name, child));
  return fields.length > 0 ? fields : valueSuggestions(schema, cursor, '');
};
