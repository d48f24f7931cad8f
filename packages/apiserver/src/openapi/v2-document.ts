import { objectMetaSchema } from '@lateen/api';
import { definitionName, objectMetaName } from './definition-name.ts';
import { type DocumentedKind, groupVersionKind, pathOf } from './documented-kind.ts';
import { kindSchema, type OpenApiSchema, v3Info } from './v3-document.ts';

/** OpenAPI 2.0 (Swagger): definitions, and the paths by which tools find kinds. */
export interface OpenApiV2Document {
  readonly swagger: '2.0';
  readonly info: typeof v3Info;
  readonly paths: Readonly<Record<string, unknown>>;
  readonly definitions: Readonly<Record<string, OpenApiSchema>>;
}

/** What 3.0 has and 2.0 has not. Kubernetes drops them too. */
const newerKeywords: readonly string[] = ['oneOf', 'anyOf', 'not', 'nullable'];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const toV2 = (schema: unknown): unknown => {
  if (!isRecord(schema)) return schema;
  const entries = Object.entries(schema)
    .filter(([key]) => !newerKeywords.includes(key))
    .map(([key, value]): readonly [string, unknown] => {
      if (key === 'properties' && isRecord(value))
        return [
          key,
          Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toV2(inner)])),
        ];
      if (key === 'allOf' && Array.isArray(value)) return [key, value.map(toV2)];
      if (key === 'items' || key === 'additionalProperties') return [key, toV2(value)];
      return [key, value];
    });
  return Object.fromEntries(entries);
};

/** GET /openapi/v2 as JSON. kubectl reads the v3 documents; this one is for other tools. */
export const openApiV2 = (kinds: readonly DocumentedKind[]): OpenApiV2Document => ({
  swagger: '2.0',
  info: v3Info,
  paths: Object.fromEntries(
    kinds.map((documented) => {
      const { kind } = documented;
      const scope = kind.namespaced ? '/namespaces/{namespace}' : '';
      return [
        `/${pathOf(documented)}${scope}/${kind.plural}/{name}`,
        {
          get: {
            responses: { '200': { description: 'OK' } },
            'x-kubernetes-action': 'get',
            'x-kubernetes-group-version-kind': groupVersionKind(documented),
          },
        },
      ];
    }),
  ),
  definitions: {
    [objectMetaName]: toV2(objectMetaSchema) as OpenApiSchema,
    ...Object.fromEntries(
      kinds.map((documented) => [
        definitionName(documented.kind.group, documented.version.name, documented.kind.kind),
        toV2(kindSchema(documented, '#/definitions/')) as OpenApiSchema,
      ]),
    ),
  },
});
