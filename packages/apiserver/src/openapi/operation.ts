import {
  type DocumentedKind,
  type GroupVersionKind,
  groupVersionKind,
  pathOf,
} from './documented-kind.ts';

/** One query parameter. */
interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: { readonly type: 'string' | 'boolean' | 'integer' };
}

/** OpenAPI operation object with Kubernetes' extensions. */
export interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly 'x-kubernetes-action': string;
  readonly 'x-kubernetes-group-version-kind': GroupVersionKind;
}

/** The methods of one path. */
export type PathOperations = Readonly<Record<string, Operation | readonly Parameter[]>>;

const query = (
  name: string,
  description: string,
  type: Parameter['schema']['type'] = 'string',
): Parameter => ({ name, in: 'query', description, schema: { type } });

/** kubectl looks for these two on PATCH before it leaves validation and dry run to the server. */
const writeParameters: readonly Parameter[] = [
  query('dryRun', 'All: process the request, persist nothing.'),
  query('fieldManager', 'Who makes the change.'),
  query('fieldValidation', 'What becomes of unknown fields: Ignore, Warn or Strict.'),
];

const listParameters: readonly Parameter[] = [
  query('allowWatchBookmarks', 'Send BOOKMARK events.', 'boolean'),
  query('continue', 'Token of the next part of a list.'),
  query('fieldSelector', 'Restrict by fields.'),
  query('labelSelector', 'Restrict by labels.'),
  query('limit', 'Most items in one answer.', 'integer'),
  query('resourceVersion', 'See "Efficient detection of changes".'),
  query('timeoutSeconds', 'Bound of the call.', 'integer'),
  query('watch', 'Stream changes.', 'boolean'),
];

const patchTypes: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];

const pathParameter = (name: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
});

interface OperationParts {
  readonly action: string;
  readonly parameters?: readonly Parameter[];
  readonly bodyTypes?: readonly string[];
}

/** The collection's path and the object's path of a kind, with their operations. */
export const operationsOf = (
  documented: DocumentedKind,
  responses: Operation['responses'],
): readonly (readonly [string, PathOperations])[] => {
  const operation = ({ action, parameters, bodyTypes }: OperationParts): Operation => ({
    ...(parameters && { parameters }),
    ...(bodyTypes && {
      requestBody: { content: Object.fromEntries(bodyTypes.map((type) => [type, {}])) },
    }),
    responses,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': groupVersionKind(documented),
  });
  const { kind, custom } = documented;
  const path = pathOf(documented);
  const scope = kind.namespaced ? '/namespaces/{namespace}' : '';
  const scopeParameters = kind.namespaced ? [pathParameter('namespace')] : [];
  const collection = `/${path}${scope}/${kind.plural}`;
  const strategic = custom ? [] : ['application/strategic-merge-patch+json'];
  const json = ['application/json', 'application/yaml'];
  return [
    [
      collection,
      {
        parameters: scopeParameters,
        get: operation({ action: 'list', parameters: listParameters }),
        post: operation({ action: 'post', parameters: writeParameters, bodyTypes: json }),
        delete: operation({ action: 'deletecollection', parameters: listParameters }),
      },
    ],
    [
      `${collection}/{name}`,
      {
        parameters: [...scopeParameters, pathParameter('name')],
        get: operation({ action: 'get' }),
        put: operation({ action: 'put', parameters: writeParameters, bodyTypes: json }),
        patch: operation({
          action: 'patch',
          parameters: [...writeParameters, query('force', 'Take over fields.', 'boolean')],
          bodyTypes: [...patchTypes, ...strategic],
        }),
        delete: operation({ action: 'delete', parameters: writeParameters.slice(0, 1) }),
      },
    ],
  ];
};
