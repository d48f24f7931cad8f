import {
  type AnalysisOptions,
  analyzeObjects,
  type Finding,
  validateObject,
} from '@lateen/analysis';
import type { KubeObject } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';
import { type KubeClient, resources } from '@lateen/kube';
import { celProblem, regexProblem } from '@lateen/routing';
import { telemetryProviders } from '@lateen/translator';
import type { MeshObjects } from '../mesh/mesh-objects.ts';
import type { ManifestText, WrittenObject } from './manifest-text.ts';
import { meshConfigOf } from './mesh-inputs.ts';
import { referenceKey, referenceOf } from './object-text.ts';

/** Findings that need the secrets of the cluster; without them they would be wrong. */
const secretCodes: ReadonlySet<string> = new Set(['IST0101', 'IST0161']);

/** Schema errors as an analyzer tells them: admission's findings say the same. */
const schemaCode = 'IST0106';

const isAboutCredentials = ({ code, path }: Diagnostic): boolean =>
  secretCodes.has(code) && /credentialName/.test(path ?? '');

/** Secrets are read when a Gateway is looked at, and not kept. Undefined: one may not read them. */
const readSecrets = async (client: KubeClient): Promise<readonly KubeObject[] | undefined> => {
  try {
    const { items } = await client.list(resources.secrets);
    return items.map((item) => ({ ...item, apiVersion: 'v1', kind: 'Secret' }));
  } catch {
    return undefined;
  }
};

/** Everything of the mesh with what is written in place of what has the same name. */
export const replaced = (
  all: readonly KubeObject[],
  written: readonly KubeObject[],
  deleted: ReadonlySet<string> = new Set(),
): readonly KubeObject[] => {
  const gone = new Set([...written.map((one) => referenceKey(referenceOf(one))), ...deleted]);
  return [...all.filter((one) => !gone.has(referenceKey(referenceOf(one)))), ...written];
};

/** What of the mesh configuration analyzers look at. */
const meshSettings = (objects: readonly KubeObject[]): AnalysisOptions => {
  const mesh = meshConfigOf(objects);
  if (mesh === undefined) return {};
  return {
    pathNormalization: mesh.pathNormalization,
    providers: telemetryProviders(mesh),
    defaultLogProviders: mesh.defaultProviders.accessLogging,
  };
};

/** Analyzers' findings over all objects. */
const analyze = async (
  objects: readonly KubeObject[],
  client: KubeClient,
): Promise<readonly Finding[]> => {
  const hasGateway = objects.some(({ kind }) => kind === 'Gateway');
  const secrets = hasGateway ? await readSecrets(client) : [];
  const findings = analyzeObjects([...objects, ...(secrets ?? [])], meshSettings(objects));
  return secrets === undefined ? findings.filter((one) => !isAboutCredentials(one)) : findings;
};

/** A diagnostic with its place in the text. */
const placed = (found: Diagnostic, { locate, object }: WrittenObject): Diagnostic => {
  const { severity, code, message, path } = found;
  return {
    ...{ severity, code, message },
    ...(path !== undefined && { path }),
    object: found.object ?? referenceKey(referenceOf(object)),
    // An unknown field is wrong by its name, any other by its value.
    position: locate(path ?? '', code === 'FieldUnknown' ? 'key' : 'value'),
  };
};

/** What admission would say of each object. Kinds nobody here knows are told as such. */
const admissionFindings = (objects: readonly WrittenObject[]): readonly Diagnostic[] =>
  objects.flatMap((written) => {
    const found = validateObject(written.object, { regexProblem, celProblem });
    if (found !== undefined) return found.map((one) => placed(one, written));
    const { kind, apiVersion } = written.object;
    const message = `${apiVersion} ${kind} is not a kind that is checked here`;
    return [placed({ severity: 'info', code: 'KindUnknown', message, path: 'kind' }, written)];
  });

const identity = ({ code, path, message, position }: Diagnostic): string =>
  JSON.stringify([code, path, message, position?.line]);

/**
 * What is wrong with a text, were it applied to the mesh as it is: admission's checks, and the analyzers'
 * findings about the objects of the text. In the order of the text.
 */
export const textFindings = async (
  text: ManifestText,
  objects: MeshObjects,
  client: KubeClient,
): Promise<readonly Diagnostic[]> => {
  const written = text.objects.map(({ object }) => object);
  const bySubject = new Map(text.objects.map((one) => [one.object, one]));
  const analyzed = (await analyze(replaced(objects.all(), written), client)).flatMap((found) => {
    const one = bySubject.get(found.subject);
    return one === undefined || found.code === schemaCode ? [] : [placed(found, one)];
  });
  const all = [...text.diagnostics, ...admissionFindings(text.objects), ...analyzed];
  const unique = new Map(all.toReversed().map((one) => [identity(one), one]));
  return [...unique.values()]
    .toReversed()
    .toSorted(
      (left, right) =>
        (left.position?.line ?? 0) - (right.position?.line ?? 0) ||
        (left.position?.column ?? 0) - (right.position?.column ?? 0),
    );
};

/** Findings about all objects of the mesh, by `Kind/namespace/name`; computed when objects changed. */
export class MeshFindings {
  readonly #objects: MeshObjects;
  readonly #client: KubeClient;
  #version = -1;
  #findings: Promise<ReadonlyMap<string, readonly Diagnostic[]>> = Promise.resolve(new Map());

  constructor(objects: MeshObjects, client: KubeClient) {
    this.#objects = objects;
    this.#client = client;
  }

  all(): Promise<ReadonlyMap<string, readonly Diagnostic[]>> {
    if (this.#version !== this.#objects.version) {
      this.#version = this.#objects.version;
      this.#findings = this.#compute();
    }
    return this.#findings;
  }

  async #compute(): Promise<ReadonlyMap<string, readonly Diagnostic[]>> {
    const findings = await analyze(this.#objects.all(), this.#client);
    return Map.groupBy(findings, ({ subject }) => referenceKey(referenceOf(subject)));
  }
}
