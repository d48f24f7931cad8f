import type { KubeObject } from '@lateen/api';
import { apiVersionOf } from '@lateen/kube';
import { configSummary, isValid } from '../config/config-summary.ts';
import { editableResource } from '../config/config-writer.ts';
import { replaced, textFindings } from '../config/findings.ts';
import { readManifestText } from '../config/manifest-text.ts';
import { objectText, referenceKey, referenceOf } from '../config/object-text.ts';
import { previewChanges } from '../config/preview.ts';
import type {
  ConfigDetail,
  ConfigKind,
  ConfigList,
  PreviewAnswer,
  ValidateAnswer,
} from '../contract/config.ts';
import type { Eyes } from '../eyes.ts';
import { findWatchedKind, type WatchedKind, watchedKinds } from '../mesh/watched-kinds.ts';
import { type Answer, ok, problem } from '../server/answer.ts';
import { BodyReader } from '../server/body-reader.ts';
import type { ApiRoute } from '../server/route-table.ts';

/** What stands for "no namespace" in paths. */
export const clusterWide = '_';

const listedKinds: ReadonlySet<string> = new Set([
  ...watchedKinds.filter(({ isConfig }) => isConfig).map(({ resource }) => resource.kind),
  ...['Deployment', 'ServiceAccount', 'Namespace', 'ConfigMap'],
]);

const configKind = (eyes: Eyes, { resource, shortNames }: WatchedKind): ConfigKind => ({
  kind: resource.kind,
  apiVersion: apiVersionOf(resource),
  plural: resource.plural,
  shortNames,
  namespaced: resource.namespaced,
  count: eyes.objects.list(resource.kind).length,
});

/** Objects without what only the API server is interested in. */
const shownObject = (object: KubeObject): Record<string, unknown> => {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};

/** An object with its text, and findings placed in it. */
export const configDetail = async (eyes: Eyes, object: KubeObject): Promise<ConfigDetail> => {
  const yaml = objectText(object);
  const namespace = object.metadata.namespace ?? 'default';
  return {
    ...referenceOf(object),
    apiVersion: object.apiVersion,
    resourceVersion: object.metadata.resourceVersion ?? '',
    object: shownObject(object),
    yaml,
    diagnostics: await textFindings(readManifestText(yaml, namespace), eyes.objects, eyes.client),
    isEditable: editableResource(object) !== undefined,
  };
};

/** The object that a path names; undefined: there is none. */
export const objectOf = (
  eyes: Eyes,
  params: Readonly<Record<string, string>>,
): KubeObject | undefined => {
  const kind = findWatchedKind(params['kind'] ?? '')?.resource;
  if (kind === undefined || !listedKinds.has(kind.kind)) return undefined;
  const namespace = params['namespace'] === clusterWide ? undefined : params['namespace'];
  return eyes.objects.get(kind.kind, params['name'] ?? '', namespace);
};

const listRoute = (eyes: Eyes): ApiRoute => ({
  method: 'GET',
  path: 'config',
  handle: async ({ query }) => {
    const asked = query.list('kind').map((word) => findWatchedKind(word)?.resource.kind ?? word);
    const namespaces = new Set(query.list('namespaces'));
    const kinds = watchedKinds.filter(
      ({ resource }) => listedKinds.has(resource.kind) && eyes.objects.isServed(resource.kind),
    );
    const shown = kinds.filter(({ resource, isConfig }) =>
      asked.length === 0 ? isConfig : asked.includes(resource.kind),
    );
    const findings = await eyes.findings.all();
    const objects = shown
      .flatMap(({ resource }) => eyes.objects.list(resource.kind))
      .filter(({ metadata }) => namespaces.size === 0 || namespaces.has(metadata.namespace ?? ''))
      .map((object) => configSummary(object, findings.get(referenceKey(referenceOf(object))) ?? []))
      .sort((left, right) => (referenceKey(left) < referenceKey(right) ? -1 : 1));
    return ok({ kinds: kinds.map((kind) => configKind(eyes, kind)), objects } satisfies ConfigList);
  },
});

const validateRoute = (eyes: Eyes): ApiRoute => ({
  method: 'POST',
  path: 'config/validate',
  handle: async ({ body }) => {
    const reader = new BodyReader(body);
    const yaml = reader.requiredText('yaml');
    const namespace = reader.text('namespace') || 'default';
    if (reader.diagnostics.length > 0) return refused(reader);
    const text = readManifestText(yaml, namespace);
    const diagnostics = await textFindings(text, eyes.objects, eyes.client);
    return ok({
      diagnostics,
      valid: isValid(diagnostics),
      objects: text.objects.map(({ object }) => referenceOf(object)),
    } satisfies ValidateAnswer);
  },
});

/** 400 with what is wrong in a body. */
export const refused = ({ diagnostics }: BodyReader): Answer =>
  problem('bad-request', diagnostics.map(({ message }) => message).join('; '), diagnostics);

const previewRoute = (eyes: Eyes): ApiRoute => ({
  method: 'POST',
  path: 'config/preview',
  isHeavy: true,
  handle: async ({ body }) => {
    const reader = new BodyReader(body);
    const yaml = reader.text('yaml');
    const namespace = reader.text('namespace') || 'default';
    const deleted = reader.objects('delete').map((one) => ({
      kind: one.requiredText('kind'),
      namespace: one.text('namespace'),
      name: one.requiredText('name'),
    }));
    if (reader.diagnostics.length > 0) return refused(reader);
    const text = readManifestText(yaml, namespace);
    const diagnostics = await textFindings(text, eyes.objects, eyes.client);
    if (!isValid(diagnostics)) {
      const nothing = { routes: 0, clusters: 0, listeners: 0 };
      return ok({
        ...{ valid: false, diagnostics, changes: [], counts: nothing },
        ...{ proxiesAffected: 0, leftOut: 0 },
      } satisfies PreviewAnswer);
    }
    const before = eyes.objects.all();
    const written = text.objects.map(({ object }) => object);
    const after = replaced(before, written, new Set(deleted.map(referenceKey)));
    const found = await previewChanges({ before, after }, eyes.model(), eyes.clock);
    return ok({ valid: true, diagnostics, ...found } satisfies PreviewAnswer);
  },
});

const detailRoute = (eyes: Eyes): ApiRoute => ({
  method: 'GET',
  path: 'config/{kind}/{namespace}/{name}',
  handle: async ({ params }) => {
    const object = objectOf(eyes, params);
    return object === undefined
      ? problem(
          'not-found',
          `there is no ${params['kind']} ${params['namespace']}/${params['name']}`,
        )
      : ok(await configDetail(eyes, object));
  },
});

/** Reading, checking and previewing configuration. Routes with fixed words come before those with names. */
export const configRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  listRoute(eyes),
  validateRoute(eyes),
  previewRoute(eyes),
  detailRoute(eyes),
];
