import { type JsonSchema, objectMetaSchema } from '@lateen/api';
import { definitionName, objectMetaName } from './definition-name.ts';
import { type DocumentedKind, groupVersionKind, pathOf } from './documented-kind.ts';
import { type Operation, operationsOf, type PathOperations } from './operation.ts';

/** A schema of a document: JsonSchema with references. */
export type OpenApiSchema = Readonly<Record<string, unknown>>;

/** OpenAPI 3.0, the part clients of Kubernetes read. */
export interface OpenApiV3Document {
  readonly openapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathOperations>>;
  readonly components: { readonly schemas: Readonly<Record<string, OpenApiSchema>> };
}

/** Answer to GET /openapi/v3: which documents there are. */
export interface OpenApiV3Index {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

/** `info` of every document: the release whose clients are served. */
export const v3Info = { title: 'Kubernetes', version: 'v1.32.0' } as const;

/**
 * GET /openapi/v3. Clients cache a document for ever by its URL: `revision` must change whenever a
 * kind does.
 */
export const openApiV3Index = (
  kinds: readonly DocumentedKind[],
  revision: string,
): OpenApiV3Index => ({
  paths: Object.fromEntries(
    kinds.map((documented) => {
      const path = pathOf(documented);
      return [
        path,
        { serverRelativeURL: `/openapi/v3/${path}?hash=${encodeURIComponent(revision)}` },
      ];
    }),
  ),
});

/** A kind's schema with its group, version and kind and a reference for `metadata`. */
export const kindSchema = (documented: DocumentedKind, refPrefix: string): OpenApiSchema => {
  const { schema } = documented.version;
  return {
    ...schema,
    properties: {
      ...schema.properties,
      apiVersion: { ...apiVersionSchema },
      kind: { ...kindFieldSchema },
      metadata: {
        description: "Standard object's metadata.",
        allOf: [{ $ref: `${refPrefix}${objectMetaName}` }],
        default: {},
      },
    },
    'x-kubernetes-group-version-kind': [groupVersionKind(documented)],
  };
};

const apiVersionSchema: JsonSchema = {
  type: 'string',
  description:
    'APIVersion defines the versioned schema of this representation of an object: GROUP/VERSION, or VERSION for the core group.',
};

const kindFieldSchema: JsonSchema = {
  type: 'string',
  description: 'Kind is the REST resource this object represents, in CamelCase.',
};

const refPrefix = '#/components/schemas/';

const responseOf = (name: string): Operation['responses'] => ({
  '200': {
    description: 'OK',
    content: { 'application/json': { schema: { $ref: `${refPrefix}${name}` } } },
  },
});

/**
 * GET /openapi/v3/PATH: schemas and operations of one group version (`api/v1`, `apis/apps/v1`).
 * Undefined when nothing is served there.
 */
export const openApiV3Document = (
  kinds: readonly DocumentedKind[],
  path: string,
): OpenApiV3Document | undefined => {
  const served = kinds.filter((documented) => pathOf(documented) === path);
  if (served.length === 0) return undefined;
  const nameOf = ({ kind, version }: DocumentedKind): string =>
    definitionName(kind.group, version.name, kind.kind);
  return {
    openapi: '3.0.0',
    info: v3Info,
    paths: Object.fromEntries(
      served.flatMap((documented) => operationsOf(documented, responseOf(nameOf(documented)))),
    ),
    components: {
      schemas: {
        [objectMetaName]: { ...objectMetaSchema },
        ...Object.fromEntries(
          served.map((documented) => [nameOf(documented), kindSchema(documented, refPrefix)]),
        ),
      },
    },
  };
};
